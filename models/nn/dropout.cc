#include "models/nn/dropout.h"

#include <cassert>
#include <cmath>

namespace tamis::models::nn {

Dropout::Dropout(float rate)
    : threshold_(static_cast<std::uint32_t>(std::lround(rate * 65536.0F))),
      scale_(65536.0F / (65536.0F - static_cast<float>(threshold_))) {
  assert(rate >= 0 && rate < 1);
}

void Dropout::forward(std::size_t size, float* x, Mask& mask, Random& random) const {
  if (is_identity()) return;
  mask.resize(size + 3);  // whole words are drawn
  for (std::size_t i = 0; i < size; i += 4) {
    const std::uint64_t word = random();
    for (std::size_t j = 0; j < 4; ++j) mask[i + j] = ((word >> (16 * j)) & 0xFFFF) >= threshold_ ? 1 : 0;
  }
  backward(size, x, mask);
}

void Dropout::backward(std::size_t size, float* dx, const Mask& mask) const {
  if (is_identity()) return;
  for (std::size_t i = 0; i < size; ++i) dx[i] *= static_cast<float>(mask[i]) * scale_;
}

}  // namespace tamis::models::nn
