// RowFormat: how vectors of one space lie in memory, and what a distance is.
//
// A distance is lower for nearer: minus the inner product (dot; cosine, whose rows are normalised), or the squared L2
// distance. A row is a payload (int8 codes with a scale of the row's own, f16, or f32 elements) and a RowTail:
//
//     payload [dim * 1, 2 or 4 bytes, padded to 4] | RowTail | padding up to the stride
//
// The tail lies behind the payload so that filters and scales cost no cache line of their own.
// Immutable: thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/records.h"
#include "index/kernels.h"

namespace tamis::index {

struct RowTail {
  float scale = 1;  // int8: element = code * scale
  float norm2 = 0;  // squared norm of the payload as dequantized
  float error = 0;  // norm of (the f32 row minus the payload): bounds what quantization can do to a distance
  DenseId id = kNoDenseId;
};

// A query in the forms in which the kernels want it.
struct Query {
  std::vector<float> vector;       // [dim]; normalised for cosine
  std::vector<std::int8_t> codes;  // [dim]; int8 spaces only
  float scale = 1;
  float code_bias = 0;  // kCodeBias * sum of codes
  float norm2 = 0;      // of the dequantized codes
  float norm = 0;       // of `vector`
  float error = 0;      // norm of (vector minus dequantized codes)
};

class RowFormat {
 public:
  RowFormat(std::uint32_t dim, Metric metric, Quantization quantization);

  std::uint32_t dim() const { return dim_; }
  Metric metric() const { return metric_; }
  Quantization quantization() const { return quantization_; }
  std::size_t stride_bytes() const { return stride_bytes_; }

  // Copies `vector` [dim] to `out` as the space stores it: normalised for cosine (a zero vector stays zero).
  void normalize(std::span<const float> vector, float* out) const;
  Query make_query(std::span<const float> vector) const;
  // Writes a whole row, padding included. `vector` is as normalize() made it.
  void encode(const float* vector, DenseId id, std::uint8_t* row) const;
  // The payload's elements [dim] as floats.
  void decode(const std::uint8_t* row, float* out) const;

  const RowTail& tail(const std::uint8_t* row) const { return *reinterpret_cast<const RowTail*>(row + tail_offset_); }

  // Distances of rows[0..count) of `set` as far as the payload knows them. `out` is [count].
  void distances(const Query& query, RowSet set, const std::uint32_t* rows, std::size_t count, float* out) const;
  // Of one f32 row [dim].
  float exact_distance(const Query& query, const float* row) const;
  // How far a distance() may lie from the exact one: exact is within [lower, upper].
  struct Bounds {
    float lower, upper;
  };
  Bounds bounds(const Query& query, const std::uint8_t* row, float distance) const;

  // By dot product, of rows at most this long and with at most this error (RowTail): how far a distance() may lie above
  // the exact one.
  static float dot_slack(const Query& query, float longest_norm, float largest_error);

  // No row whose vector is at most this long is nearer to the query, by dot product, than the distance returned.
  static float least_dot_distance(const Query& query, float longest_norm) {
    return -1.0001F * query.norm * longest_norm;  // Cauchy and Schwarz, with room for rounding
  }
  // At least the norm of the row's f32 vector.
  float norm_bound(const std::uint8_t* row) const;

  // What callers see: higher is nearer.
  static float score(float distance) { return -distance; }

 private:
  std::uint32_t dim_;
  Metric metric_;
  Quantization quantization_;
  std::size_t tail_offset_;
  std::size_t stride_bytes_;
  const Kernels* kernels_;
};

}  // namespace tamis::index
