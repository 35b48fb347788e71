// 8-bit dot products by AVX-512 VNNI: 64 products an instruction.
#include "index/kernel_tables.h"

#if defined(__x86_64__)
#include <immintrin.h>

#if !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuninitialized"  // _mm512_reduce_add_epi32 trips it falsely (GCC bug 105593)
#endif

#define TAMIS_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

namespace tamis::index {
namespace {

TAMIS_VNNI inline std::int32_t accumulate(const std::int8_t* query, const std::uint8_t* row, std::size_t n) {
  __m512i sum = _mm512_setzero_si512();
  std::size_t i = 0;
  for (; i + 64 <= n; i += 64) {
    sum = _mm512_dpbusd_epi32(sum, _mm512_loadu_si512(row + i), _mm512_loadu_si512(query + i));
  }
  if (i < n) {
    const __mmask64 mask = ~std::uint64_t{0} >> (64 - (n - i));
    sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(mask, row + i), _mm512_maskz_loadu_epi8(mask, query + i));
  }
  return _mm512_reduce_add_epi32(sum);
}

TAMIS_VNNI std::int32_t dot_i8(const std::int8_t* query, const std::uint8_t* row, std::size_t n) {
  return accumulate(query, row, n);
}

TAMIS_VNNI void dot_i8_rows(const std::int8_t* query, std::size_t n, RowSet set, const std::uint32_t* rows,
                            std::size_t count, std::int32_t* out) {
  const std::size_t ahead = count < kPrefetchRows ? count : kPrefetchRows;
  for (std::size_t i = 0; i < ahead; ++i) prefetch_row(set.row(rows[i]), n);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPrefetchRows < count) prefetch_row(set.row(rows[i + kPrefetchRows]), n);
    out[i] = accumulate(query, set.row(rows[i]), n);
  }
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
