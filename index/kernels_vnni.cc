// 8-bit dot products by AVX-512 VNNI: 64 products an instruction.
#include "index/kernel_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // _mm512_reduce_add_epi32 trips it falsely (GCC bug 105593)
#endif

#define TAMIS_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

namespace tamis::index {
namespace {

TAMIS_VNNI inline __m512i accumulate(const std::int8_t* query, const std::uint8_t* row, std::size_t n) {
  __m512i sum = _mm512_setzero_si512();
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(row + i), _mm512_loadu_si512(query + i));
  }
  if (i < n) {
    const __mmask64 mask = ~std::uint64_t{0} >> (64 - (n - i));
    sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(mask, row + i), _mm512_maskz_loadu_epi8(mask, query + i));
  }
  return sum;
}

// The sums of the lanes of each of four vectors, by halves: fewer steps than four sums one after the other.
TAMIS_VNNI __m128i sum_lanes(__m512i a, __m512i b, __m512i c, __m512i d) {
  const __m512i ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
  const __m512i cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
  const __m512i quarters = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
  const __m256i halves = _mm256_add_epi32(_mm512_castsi512_si256(quarters), _mm512_extracti64x4_epi64(quarters, 1));
  return _mm_add_epi32(_mm256_castsi256_si128(halves), _mm256_extracti128_si256(halves, 1));
}

TAMIS_VNNI std::int32_t dot_i8(const std::int8_t* query, const std::uint8_t* row, std::size_t n) {
  return _mm512_reduce_add_epi32(accumulate(query, row, n));
}

TAMIS_VNNI void dot_i8_rows(const std::int8_t* query, std::size_t n, RowSet set, const std::uint32_t* rows,
                            std::size_t count, std::int32_t* out) {
  const std::size_t ahead = count < kPrefetchRows ? count : kPrefetchRows;
  for (std::size_t i = 0; i < ahead; ++i) prefetch_row(set.row(rows[i]), n);
  std::size_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (std::size_t next = i + kPrefetchRows; next < std::min(count, i + kPrefetchRows + 4); ++next)
      prefetch_row(set.row(rows[next]), n);
    const __m128i sums =
        sum_lanes(accumulate(query, set.row(rows[i]), n), accumulate(query, set.row(rows[i + 1]), n),
                  accumulate(query, set.row(rows[i + 2]), n), accumulate(query, set.row(rows[i + 3]), n));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + i), sums);
  }
  for (; i < count; ++i) out[i] = dot_i8(query, set.row(rows[i]), n);
}

constexpr VnniKernels kVnni = {dot_i8, dot_i8_rows};

}  // namespace

const VnniKernels* vnni_kernels() { return __builtin_cpu_supports("avx512vnni") != 0 ? &kVnni : nullptr; }

}  // namespace tamis::index
#else
namespace tamis::index {
const VnniKernels* vnni_kernels() { return nullptr; }
}  // namespace tamis::index
#endif
