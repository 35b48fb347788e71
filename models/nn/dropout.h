// Dropout (Srivastava et al. 2014), inverted: kept entries are scaled by 1 / (1 - rate).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/random.h"

namespace tamis::models::nn {

// rate in [0, 1), kept to a precision of 1/65536. Stateless; thread-safe.
class Dropout {
 public:
  using Mask = std::vector<std::uint8_t>;  // 1: kept

  explicit Dropout(float rate = 0);
  bool is_identity() const { return threshold_ == 0; }
  // Draws a mask and applies it to x [size] in place.
  void forward(std::size_t size, float* x, Mask& mask, Random& random) const;
  // Applies the same mask to dx in place.
  void backward(std::size_t size, float* dx, const Mask& mask) const;

 private:
  std::uint32_t threshold_ = 0;  // dropped where a 16-bit draw is below it
  float scale_ = 1;
};

}  // namespace tamis::models::nn
