// Kernels: the inner loops of distance, one table of functions per instruction set.
//
// The scalar table is the definition; the others are compared with it. Which one runs is decided once, by CPUID, so
// that one binary runs everywhere; TAMIS_SIMD=scalar|sse4|avx2|avx512 in the environment forces a lesser one. Pointers
// need no alignment. Nothing past element n - 1 is read. Thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace tamis::index {

// An int8 code c in -127..127 is stored in a row as the byte c + 128, so that one instruction multiplies it with a
// signed query (VNNI). dot(query, codes) = dot_i8(query, bytes) - kCodeBias * sum(query).
inline constexpr std::int32_t kCodeBias = 128;

// Rows of one kind in memory: row i begins at base + i * stride_bytes.
struct RowSet {
  const std::uint8_t* base = nullptr;
  std::size_t stride_bytes = 0;
  const std::uint8_t* row(std::size_t i) const { return base + i * stride_bytes; }
};

struct Kernels {
  std::string_view name;

  // One row. `n` is the number of elements.
  float (*dot_f32)(const float* a, const float* b, std::size_t n);
  float (*l2_f32)(const float* a, const float* b, std::size_t n);  // squared
  float (*dot_f16)(const float* query, const std::uint16_t* row, std::size_t n);
  float (*l2_f16)(const float* query, const std::uint16_t* row, std::size_t n);
  std::int32_t (*dot_i8)(const std::int8_t* query, const std::uint8_t* row, std::size_t n);  // n <= 65536

  // Many rows: out[i] is for row rows[i] of the set; rows ahead are prefetched.
  void (*dot_f32_rows)(const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
                       float* out);
  void (*l2_f32_rows)(const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
                      float* out);
  void (*dot_f16_rows)(const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
                       float* out);
  void (*l2_f16_rows)(const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
                      float* out);
  void (*dot_i8_rows)(const std::int8_t* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
                      std::int32_t* out);
};

// The table in force.
const Kernels& kernels();

// Every table that this machine can run, the scalar one first, the best last.
std::vector<const Kernels*> available_kernels();

// IEEE binary16 bits of a float, rounded to nearest even (overflow becomes infinity), and back.
std::uint16_t f16_from_f32(float value);
float f32_from_f16(std::uint16_t bits);

}  // namespace tamis::index
