#include "models/nn/layer_norm.h"

#include <cmath>

namespace tamis::models::nn {

LayerNorm::LayerNorm(Parameters& parameters, const std::string& name, std::size_t dim)
    : gain_(parameters.add_constant(name + ".gain", 1, dim, 1)),
      bias_(parameters.add_constant(name + ".bias", 1, dim, 0)) {}

void LayerNorm::forward(const Parameters& parameters, std::size_t rows, const float* x, float* y, Cache& cache) const {
  const std::size_t dim = gain_.columns;
  const float* gain = parameters.data(gain_);
  const float* bias = parameters.data(bias_);
  cache.normalized.resize(rows * dim);
  cache.inverse_std.resize(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* in = x + row * dim;
    float* normalized = cache.normalized.data() + row * dim;
    float sum = 0;
    for (std::size_t j = 0; j < dim; ++j) sum += in[j];
    const float mean = sum / static_cast<float>(dim);
    float squares = 0;
    for (std::size_t j = 0; j < dim; ++j) squares += (in[j] - mean) * (in[j] - mean);
    const float inverse_std = 1 / std::sqrt(squares / static_cast<float>(dim) + kEpsilon);
    cache.inverse_std[row] = inverse_std;
    for (std::size_t j = 0; j < dim; ++j) normalized[j] = (in[j] - mean) * inverse_std;
    for (std::size_t j = 0; j < dim; ++j) y[row * dim + j] = normalized[j] * gain[j] + bias[j];
  }
}

void LayerNorm::backward(const Parameters& parameters, std::size_t rows, const float* dy, float* dx, const Cache& cache,
                         Gradients& gradients) const {
  const std::size_t dim = gain_.columns;
  const float* gain = parameters.data(gain_);
  float* gain_gradient = gradients.data(gain_);
  float* bias_gradient = gradients.data(bias_);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* out = dy + row * dim;
    const float* normalized = cache.normalized.data() + row * dim;
    float mean = 0;             // of dy * gain
    float mean_normalized = 0;  // of dy * gain * normalized
    for (std::size_t j = 0; j < dim; ++j) {
      gain_gradient[j] += out[j] * normalized[j];
      bias_gradient[j] += out[j];
      mean += out[j] * gain[j];
      mean_normalized += out[j] * gain[j] * normalized[j];
    }
    mean /= static_cast<float>(dim);
    mean_normalized /= static_cast<float>(dim);
    for (std::size_t j = 0; j < dim; ++j) {
      dx[row * dim + j] = cache.inverse_std[row] * (out[j] * gain[j] - mean - normalized[j] * mean_normalized);
    }
  }
}

}  // namespace tamis::models::nn
