#include "ranker/frozen_mlp.h"

#include <algorithm>

#include "models/blas.h"

namespace tamis::ranker {

void FrozenLayer::finish(std::size_t rows, float* y) const {
  const float* b = bias.data();
  if (has_relu) {
    for (std::size_t row = 0; row < rows; ++row, y += out) {
      for (std::size_t j = 0; j < out; ++j) {
        const float sum = y[j] + b[j];
        y[j] = sum > 0 ? sum : 0;
      }
    }
  } else {
    for (std::size_t row = 0; row < rows; ++row, y += out) {
      for (std::size_t j = 0; j < out; ++j) y[j] += b[j];
    }
  }
}

void FrozenMlp::forward(std::size_t rows, const float* x, float* y, Scratch& scratch) const {
  run(0, rows, x, y, scratch);
}

void FrozenMlp::forward_after_first(std::size_t rows, const float* h, float* y, Scratch& scratch) const {
  run(1, rows, h, y, scratch);
}

void FrozenMlp::run(std::size_t first, std::size_t rows, const float* x, float* y, Scratch& scratch) const {
  std::size_t width = 0;
  for (const FrozenLayer& layer : layers) width = std::max(width, layer.out);
  scratch.resize(2 * rows * width);
  for (std::size_t i = first; i < layers.size(); ++i) {
    const FrozenLayer& layer = layers[i];
    float* out = i + 1 == layers.size() ? y : scratch.data() + (i % 2) * rows * width;
    models::blas::multiply(rows, layer.out, layer.in, x, layer.weight.data(), out);
    layer.finish(rows, out);
    x = out;
  }
}

}  // namespace tamis::ranker
