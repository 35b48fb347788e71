// The definition of every kernel, in plain C++.
#include <bit>

#include "index/kernel_tables.h"

namespace tamis::index {
namespace {

float dot_f32(const float* a, const float* b, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

float l2_f32(const float* a, const float* b, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return sum;
}

float dot_f16(const float* query, const std::uint16_t* row, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += query[i] * f32_from_f16(row[i]);
  return sum;
}

float l2_f16(const float* query, const std::uint16_t* row, std::size_t n) {
  float sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float difference = query[i] - f32_from_f16(row[i]);
    sum += difference * difference;
  }
  return sum;
}

std::int32_t dot_i8(const std::int8_t* query, const std::uint8_t* row, std::size_t n) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < n; ++i) sum += std::int32_t{query[i]} * std::int32_t{row[i]};
  return sum;
}

const float* as_f32(const std::uint8_t* row) { return reinterpret_cast<const float*>(row); }
const std::uint16_t* as_f16(const std::uint8_t* row) { return reinterpret_cast<const std::uint16_t*>(row); }

constexpr Kernels kScalar = {
    .name = "scalar",
    .dot_f32 = dot_f32,
    .l2_f32 = l2_f32,
    .dot_f16 = dot_f16,
    .l2_f16 = l2_f16,
    .dot_i8 = dot_i8,
    .dot_f32_rows =
        [](const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count, float* out) {
          over_rows(set, 4 * n, rows, count, out, [=](const std::uint8_t* r) { return dot_f32(query, as_f32(r), n); });
        },
    .l2_f32_rows =
        [](const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count, float* out) {
          over_rows(set, 4 * n, rows, count, out, [=](const std::uint8_t* r) { return l2_f32(query, as_f32(r), n); });
        },
    .dot_f16_rows =
        [](const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count, float* out) {
          over_rows(set, 2 * n, rows, count, out, [=](const std::uint8_t* r) { return dot_f16(query, as_f16(r), n); });
        },
    .l2_f16_rows =
        [](const float* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count, float* out) {
          over_rows(set, 2 * n, rows, count, out, [=](const std::uint8_t* r) { return l2_f16(query, as_f16(r), n); });
        },
    .dot_i8_rows =
        [](const std::int8_t* query, std::size_t n, RowSet set, const std::uint32_t* rows, std::size_t count,
           std::int32_t* out) {
          over_rows(set, n, rows, count, out, [=](const std::uint8_t* r) { return dot_i8(query, r, n); });
        },
};

}  // namespace

const Kernels& scalar_kernels() { return kScalar; }

std::uint16_t f16_from_f32(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);   // NaN
  if (magnitude >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);  // 65520 and above
  if (magnitude < 0x38800000U) {  // below 2^-14: adding 0.5 leaves the subnormal's bits, rounded, at the bottom
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  const std::uint32_t rounded = magnitude + 0xFFFU + ((magnitude >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

float f32_from_f16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16;
  const std::uint32_t magnitude = bits & 0x7FFFU;
  if (magnitude >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (magnitude & 0x3FFU) << 13);
  if (magnitude < 0x400U) {  // zero and subnormals: magnitude * 2^-24
    const float value = static_cast<float>(magnitude) * 0x1.0p-24F;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(value));
  }
  return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000U));
}

}  // namespace tamis::index
