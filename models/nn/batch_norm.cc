#include "models/nn/batch_norm.h"

#include <cmath>

namespace tamis::models::nn {

void BatchNorm::Cache::resize(std::size_t rows, std::size_t columns) {
  normalized.resize(rows * columns);
  inverse_std.resize(columns);
}

BatchNorm::BatchNorm(Parameters& parameters, const std::string& name, std::size_t columns) {
  gain_ = parameters.add_constant(name + ".gain", 1, columns, 1);
  bias_ = parameters.add_constant(name + ".bias", 1, columns, 0);
  mean_ = parameters.add_constant(name + ".running_mean", 1, columns, 0);
  variance_ = parameters.add_constant(name + ".running_variance", 1, columns, 1);
}

void BatchNorm::forward_train(Parameters& parameters, std::size_t rows, std::size_t begin, std::size_t end,
                              const float* x, float* y, Cache& cache) const {
  const std::size_t stride = columns();
  const std::size_t width = end - begin;
  const float* gain = parameters.data(gain_) + begin;
  const float* bias = parameters.data(bias_) + begin;
  float* inverse_std = &cache.inverse_std[begin];
  std::vector<float> mean(width, 0.0F);
  std::vector<float> variance(width, 0.0F);
  const float share = 1 / static_cast<float>(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* in = x + row * stride + begin;
    for (std::size_t j = 0; j < width; ++j) mean[j] += in[j];
  }
  for (float& value : mean) value *= share;
  for (std::size_t row = 0; row < rows; ++row) {
    const float* in = x + row * stride + begin;
    for (std::size_t j = 0; j < width; ++j) variance[j] += (in[j] - mean[j]) * (in[j] - mean[j]);
  }
  // The running variance is the unbiased estimate.
  const float unbiased = rows > 1 ? 1 / static_cast<float>(rows - 1) : 1;
  float* running_mean = parameters.data(mean_) + begin;
  float* running_variance = parameters.data(variance_) + begin;
  for (std::size_t j = 0; j < width; ++j) {
    running_mean[j] += kMomentum * (mean[j] - running_mean[j]);
    running_variance[j] += kMomentum * (variance[j] * unbiased - running_variance[j]);
    inverse_std[j] = 1 / std::sqrt(variance[j] * share + kEpsilon);
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t at = row * stride + begin;
    float* normalized = &cache.normalized[at];
    for (std::size_t j = 0; j < width; ++j) {
      normalized[j] = (x[at + j] - mean[j]) * inverse_std[j];
      y[at + j] = gain[j] * normalized[j] + bias[j];
    }
  }
}

void BatchNorm::backward(const Parameters& parameters, std::size_t rows, std::size_t begin, std::size_t end,
                         const float* dy, float* dx, const Cache& cache, Gradients& gradients) const {
  const std::size_t stride = columns();
  const std::size_t width = end - begin;
  std::vector<float> sum(width, 0.0F);             // of dy
  std::vector<float> sum_normalized(width, 0.0F);  // of dy * normalized
  for (std::size_t row = 0; row < rows; ++row) {
    const float* d = dy + row * stride + begin;
    const float* normalized = &cache.normalized[row * stride + begin];
    for (std::size_t j = 0; j < width; ++j) {
      sum[j] += d[j];
      sum_normalized[j] += d[j] * normalized[j];
    }
  }
  const float* gain = parameters.data(gain_) + begin;
  float* dgain = gradients.data(gain_) + begin;
  float* dbias = gradients.data(bias_) + begin;
  const float share = 1 / static_cast<float>(rows);
  for (std::size_t j = 0; j < width; ++j) {
    dgain[j] += sum_normalized[j];
    dbias[j] += sum[j];
    sum[j] *= share;
    sum_normalized[j] *= share;
  }
  for (std::size_t row = 0; row < rows; ++row) {
    const std::size_t at = row * stride + begin;
    const float* normalized = &cache.normalized[at];
    for (std::size_t j = 0; j < width; ++j) {
      dx[at + j] = gain[j] * cache.inverse_std[begin + j] * (dy[at + j] - sum[j] - normalized[j] * sum_normalized[j]);
    }
  }
}

void BatchNorm::affine(const Parameters& parameters, float* scale, float* shift) const {
  const float* gain = parameters.data(gain_);
  const float* bias = parameters.data(bias_);
  const float* mean = parameters.data(mean_);
  const float* variance = parameters.data(variance_);
  for (std::size_t j = 0; j < columns(); ++j) {
    scale[j] = gain[j] / std::sqrt(variance[j] + kEpsilon);
    shift[j] = bias[j] - mean[j] * scale[j];
  }
}

}  // namespace tamis::models::nn
