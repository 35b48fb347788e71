#include "models/nn/parameters.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

namespace tamis::models::nn {

Slice Parameters::allocate(std::string name, std::size_t rows, std::size_t columns) {
  const Slice slice{values_.size(), rows, columns};
  values_.resize(values_.size() + slice.size());
  slices_.push_back({std::move(name), slice});
  return slice;
}

Slice Parameters::add_constant(std::string name, std::size_t rows, std::size_t columns, float value) {
  const Slice slice = allocate(std::move(name), rows, columns);
  std::fill_n(data(slice), slice.size(), value);
  return slice;
}

Slice Parameters::add_normal(std::string name, std::size_t rows, std::size_t columns, float stddev, Random& random) {
  const Slice slice = allocate(std::move(name), rows, columns);
  std::generate_n(data(slice), slice.size(), [&] { return stddev * static_cast<float>(random.normal()); });
  return slice;
}

Slice Parameters::add_uniform(std::string name, std::size_t rows, std::size_t columns, float bound, Random& random) {
  const Slice slice = allocate(std::move(name), rows, columns);
  std::generate_n(data(slice), slice.size(), [&] { return bound * static_cast<float>(2 * random.uniform() - 1); });
  return slice;
}

void Gradients::clear() { std::fill(values_.begin(), values_.end(), 0.0F); }

void Gradients::add(const Gradients& other) {
  assert(values_.size() == other.values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] += other.values_[i];
}

double Gradients::clip(double max_norm) {
  double squares = 0;
  for (const float value : values_) squares += double{value} * value;
  const double norm = std::sqrt(squares);
  if (norm > max_norm) {
    const auto scale = static_cast<float>(max_norm / norm);
    for (float& value : values_) value *= scale;
  }
  return norm;
}

}  // namespace tamis::models::nn
