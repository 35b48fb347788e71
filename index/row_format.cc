#include "index/row_format.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "index/huge_buffer.h"

namespace tamis::index {
namespace {

constexpr std::size_t kMaxBatch = 128;
constexpr float kRounding = 1e-5F;  // of float sums of up to kMaxDim terms, relative to the norms

std::size_t element_bytes(Quantization quantization) {
  switch (quantization) {
    case Quantization::kInt8: return 1;
    case Quantization::kF16: return 2;
    case Quantization::kF32: break;
  }
  return 4;
}

// Whole lines where that wastes little: a row then touches the fewest lines. Else tight rows, which cache better.
std::size_t stride_for(std::size_t bytes) {
  const std::size_t lines = round_up(bytes, kLineBytes);
  return lines * 4 <= bytes * 5 ? lines : round_up(bytes, 16);
}

// Symmetric quantization to -127..127 with one scale. Returns the scale; 0 for a zero vector.
template <typename Code>
float quantize(const float* vector, std::size_t dim, std::int32_t bias, Code* codes) {
  float largest = 0;
  for (std::size_t i = 0; i < dim; ++i) largest = std::max(largest, std::fabs(vector[i]));
  const float scale = largest / 127.0F;
  const float inverse = scale > 0 && std::isfinite(1.0F / scale) ? 1.0F / scale : 0.0F;
  for (std::size_t i = 0; i < dim; ++i) {
    const float code = std::clamp(std::nearbyint(vector[i] * inverse), -127.0F, 127.0F);
    codes[i] = static_cast<Code>(static_cast<std::int32_t>(code) + bias);
  }
  return scale;
}

float difference_norm(const float* a, const float* b, std::size_t dim) {
  double sum = 0;
  for (std::size_t i = 0; i < dim; ++i) sum += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  return static_cast<float>(std::sqrt(sum));
}

}  // namespace

RowFormat::RowFormat(std::uint32_t dim, Metric metric, Quantization quantization)
    : dim_(dim),
      metric_(metric),
      quantization_(quantization),
      tail_offset_(round_up(dim * element_bytes(quantization), alignof(RowTail))),
      stride_bytes_(stride_for(tail_offset_ + sizeof(RowTail))),
      kernels_(&kernels()) {}

void RowFormat::normalize(std::span<const float> vector, float* out) const {
  std::copy(vector.begin(), vector.end(), out);
  if (metric_ != Metric::kCosine) return;
  double sum = 0;
  for (const float x : vector) sum += double{x} * x;
  if (sum <= 0) return;
  const double inverse = 1.0 / std::sqrt(sum);
  for (std::size_t i = 0; i < vector.size(); ++i) out[i] = static_cast<float>(vector[i] * inverse);
}

Query RowFormat::make_query(std::span<const float> vector) const {
  Query query;
  query.vector.resize(dim_);
  normalize(vector, query.vector.data());
  query.norm = std::sqrt(kernels_->dot_f32(query.vector.data(), query.vector.data(), dim_));
  if (quantization_ != Quantization::kInt8) return query;
  query.codes.resize(dim_);
  query.scale = quantize(query.vector.data(), dim_, 0, query.codes.data());
  std::int32_t sum = 0;
  std::int32_t squares = 0;
  double error = 0;
  for (std::size_t i = 0; i < dim_; ++i) {
    const std::int32_t code = query.codes[i];
    sum += code;
    squares += code * code;
    const double difference = double{query.vector[i]} - double{query.scale} * code;
    error += difference * difference;
  }
  query.code_bias = static_cast<float>(kCodeBias * sum);
  query.norm2 = query.scale * query.scale * static_cast<float>(squares);
  query.error = static_cast<float>(std::sqrt(error));
  return query;
}

void RowFormat::encode(const float* vector, DenseId id, std::uint8_t* row) const {
  std::memset(row, 0, stride_bytes_);
  RowTail tail;
  tail.id = id;
  switch (quantization_) {
    case Quantization::kInt8: tail.scale = quantize(vector, dim_, kCodeBias, row); break;
    case Quantization::kF16:
      for (std::size_t i = 0; i < dim_; ++i) {
        const std::uint16_t half = f16_from_f32(std::clamp(vector[i], -65504.0F, 65504.0F));
        std::memcpy(row + 2 * i, &half, sizeof(half));
      }
      break;
    case Quantization::kF32: std::memcpy(row, vector, dim_ * sizeof(float)); break;
  }
  std::memcpy(row + tail_offset_, &tail, sizeof(tail));  // decode() needs the scale
  std::vector<float> decoded(dim_);
  decode(row, decoded.data());
  tail.norm2 = kernels_->dot_f32(decoded.data(), decoded.data(), dim_);
  tail.error = difference_norm(vector, decoded.data(), dim_);
  std::memcpy(row + tail_offset_, &tail, sizeof(tail));
}

void RowFormat::decode(const std::uint8_t* row, float* out) const {
  switch (quantization_) {
    case Quantization::kInt8: {
      const float scale = tail(row).scale;
      for (std::size_t i = 0; i < dim_; ++i) out[i] = scale * static_cast<float>(std::int32_t{row[i]} - kCodeBias);
      break;
    }
    case Quantization::kF16:
      for (std::size_t i = 0; i < dim_; ++i) {
        std::uint16_t half = 0;
        std::memcpy(&half, row + 2 * i, sizeof(half));
        out[i] = f32_from_f16(half);
      }
      break;
    case Quantization::kF32: std::memcpy(out, row, dim_ * sizeof(float)); break;
  }
}

void RowFormat::distances(const Query& query, RowSet set, const std::uint32_t* rows, std::size_t count,
                          float* out) const {
  const float* vector = query.vector.data();
  if (quantization_ == Quantization::kInt8) {
    std::int32_t products[kMaxBatch];
    for (std::size_t begin = 0; begin < count; begin += kMaxBatch) {
      const std::size_t batch = std::min(kMaxBatch, count - begin);
      kernels_->dot_i8_rows(query.codes.data(), dim_, set, rows + begin, batch, products);
      for (std::size_t i = 0; i < batch; ++i) {
        const RowTail& row = tail(set.row(rows[begin + i]));
        const float product = query.scale * row.scale * (static_cast<float>(products[i]) - query.code_bias);
        out[begin + i] = metric_ == Metric::kL2 ? query.norm2 + row.norm2 - 2 * product : -product;
      }
    }
    return;
  }
  const bool half = quantization_ == Quantization::kF16;
  if (metric_ == Metric::kL2) {
    (half ? kernels_->l2_f16_rows : kernels_->l2_f32_rows)(vector, dim_, set, rows, count, out);
    return;
  }
  (half ? kernels_->dot_f16_rows : kernels_->dot_f32_rows)(vector, dim_, set, rows, count, out);
  for (std::size_t i = 0; i < count; ++i) out[i] = -out[i];
}

float RowFormat::exact_distance(const Query& query, const float* row) const {
  if (metric_ == Metric::kL2) return kernels_->l2_f32(query.vector.data(), row, dim_);
  return -kernels_->dot_f32(query.vector.data(), row, dim_);
}

float RowFormat::norm_bound(const std::uint8_t* row) const {
  const RowTail& at = tail(row);
  return std::sqrt(at.norm2) + at.error;
}

float RowFormat::dot_slack(const Query& query, float longest_norm, float largest_error) {
  // |q.r - q'.r'| <= |q - q'| |r| + |q'| |r - r'|  (Cauchy and Schwarz)
  return query.error * longest_norm + (query.norm + query.error) * largest_error +
         kRounding * query.norm * longest_norm;
}

RowFormat::Bounds RowFormat::bounds(const Query& query, const std::uint8_t* row, float distance) const {
  const RowTail& at = tail(row);
  const float row_norm = norm_bound(row);
  if (metric_ == Metric::kL2) {
    // Triangle inequality on the distance itself, not its square.
    const float error = query.error + at.error + kRounding * (query.norm + row_norm);
    const float length = std::sqrt(std::max(distance, 0.0F));
    const float shorter = std::max(length - error, 0.0F);
    return {shorter * shorter, (length + error) * (length + error)};
  }
  const float error = dot_slack(query, row_norm, at.error);
  return {distance - error, distance + error};
}

}  // namespace tamis::index
