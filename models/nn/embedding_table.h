// EmbeddingTable: one vector per id, in a table of which a training step touches few rows, and the gradient of those
// rows alone. Dense weights live in Parameters instead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "common/random.h"

namespace tamis::models::nn {

// [rows, dim], row-major. Externally synchronised while written; concurrent reads are safe.
class EmbeddingTable {
 public:
  EmbeddingTable() = default;
  // Entries ~ N(0, stddev).
  EmbeddingTable(std::size_t rows, std::size_t dim, float stddev, Random& random);
  EmbeddingTable(std::size_t dim, std::vector<float> values);  // REQUIRES: values.size() is a multiple of dim > 0

  std::size_t rows() const { return dim_ == 0 ? 0 : values_.size() / dim_; }
  std::size_t dim() const { return dim_; }
  float* row(std::uint32_t id) { return values_.data() + id * dim_; }
  const float* row(std::uint32_t id) const { return values_.data() + id * dim_; }
  std::span<float> values() { return values_; }
  std::span<const float> values() const { return values_; }

 private:
  std::size_t dim_ = 0;
  std::vector<float> values_;
};

// The gradient of a loss by the rows of a table that a step touched; all others are zero. Externally synchronised.
class SparseGradient {
 public:
  SparseGradient(std::size_t rows, std::size_t dim) : dim_(dim), slot_(rows, kUntouched) {}

  // The row's place among the touched ones, zeros at its first touch. Invalidates earlier pointers.
  std::uint32_t touch(std::uint32_t id) {
    if (slot_[id] == kUntouched) {
      slot_[id] = static_cast<std::uint32_t>(touched_.size());
      touched_.push_back(id);
      values_.resize(touched_.size() * dim_, 0.0F);
    }
    return slot_[id];
  }
  float* at_slot(std::uint32_t slot) { return values_.data() + slot * dim_; }
  const float* at_slot(std::uint32_t slot) const { return values_.data() + slot * dim_; }
  std::span<const std::uint32_t> touched() const { return touched_; }  // in the order of first touch, unique
  std::size_t dim() const { return dim_; }
  void clear();

 private:
  static constexpr std::uint32_t kUntouched = std::numeric_limits<std::uint32_t>::max();

  std::size_t dim_;
  std::vector<std::uint32_t> slot_;  // by id
  std::vector<std::uint32_t> touched_;
  std::vector<float> values_;  // [touched, dim]
};

}  // namespace tamis::models::nn
