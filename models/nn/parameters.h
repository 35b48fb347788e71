// Parameters: the dense weights of a network in one flat array of named slices, so that optimisers, checkpoints and
// gradient sums are plain loops. Large embedding tables that are updated by row live in EmbeddingTable instead.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "common/random.h"

namespace tamis::models::nn {

// A matrix [rows, columns], row-major, inside Parameters and inside every Gradients of it. A vector has one row.
struct Slice {
  std::size_t offset = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t size() const { return rows * columns; }
};

struct NamedSlice {
  std::string name;  // "block0.attention.query.weight"
  Slice slice;
};

// Externally synchronised while written; concurrent reads are safe.
class Parameters {
 public:
  // Constants: zeros or ones. Normal: N(0, stddev). Uniform: U(-bound, bound).
  Slice add_constant(std::string name, std::size_t rows, std::size_t columns, float value);
  Slice add_normal(std::string name, std::size_t rows, std::size_t columns, float stddev, Random& random);
  Slice add_uniform(std::string name, std::size_t rows, std::size_t columns, float bound, Random& random);

  float* data(Slice slice) { return values_.data() + slice.offset; }
  const float* data(Slice slice) const { return values_.data() + slice.offset; }
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }
  std::size_t size() const { return values_.size(); }
  const std::vector<NamedSlice>& slices() const { return slices_; }

 private:
  Slice allocate(std::string name, std::size_t rows, std::size_t columns);

  std::vector<float> values_;
  std::vector<NamedSlice> slices_;
};

// The gradient of a loss by every entry of a Parameters. Externally synchronised: one per worker, summed in fixed
// order.
class Gradients {
 public:
  explicit Gradients(const Parameters& parameters) : values_(parameters.size(), 0.0F) {}
  float* data(Slice slice) { return values_.data() + slice.offset; }
  const float* data(Slice slice) const { return values_.data() + slice.offset; }
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }
  void clear();
  void add(const Gradients& other);  // REQUIRES: of the same Parameters
  // Scales to at most `max_norm` in l2; returns the norm before.
  double clip(double max_norm);

 private:
  std::vector<float> values_;
};

}  // namespace tamis::models::nn
