// The tables from which kernels() chooses. Internal to index/.
#pragma once

#include "index/kernels.h"

namespace tamis::index {

const Kernels& scalar_kernels();

// Through Highway (https://github.com/google/highway), null where this machine or this build lacks the target.
const Kernels* sse4_kernels();
const Kernels* avx2_kernels();
const Kernels* avx512_kernels();
const Kernels* native_kernels();  // the best of Highway's on other architectures (NEON, SVE)

// dot_i8 of AVX-512 VNNI, by intrinsics: Highway 1.0.3 has no 8-bit dot product. Null where the machine lacks it.
struct VnniKernels {
  decltype(Kernels::dot_i8) dot_i8;
  decltype(Kernels::dot_i8_rows) dot_i8_rows;
};
const VnniKernels* vnni_kernels();

inline constexpr std::size_t kPrefetchRows = 4;  // how far ahead batched kernels touch rows

// Asks for the cache lines of one row.
inline void prefetch_row(const void* row, std::size_t bytes) {
  const char* at = static_cast<const char*>(row);
  for (std::size_t offset = 0; offset < bytes; offset += 64) __builtin_prefetch(at + offset);
}

// The loop shared by all batched kernels.
template <typename T, typename One>
inline __attribute__((always_inline)) void over_rows(RowSet set, std::size_t row_bytes, const std::uint32_t* rows,
                                                     std::size_t count, T* out, One one) {
  const std::size_t ahead = count < kPrefetchRows ? count : kPrefetchRows;
  for (std::size_t i = 0; i < ahead; ++i) prefetch_row(set.row(rows[i]), row_bytes);
  for (std::size_t i = 0; i < count; ++i) {
    if (i + kPrefetchRows < count) prefetch_row(set.row(rows[i + kPrefetchRows]), row_bytes);
    out[i] = one(set.row(rows[i]));
  }
}

}  // namespace tamis::index
