#include "models/nn/linear.h"

#include <cmath>

#include "models/blas.h"

namespace tamis::models::nn {

Linear::Linear(Parameters& parameters, const std::string& name, std::size_t in, std::size_t out, Random& random,
               float stddev) {
  weight_ = stddev > 0
                ? parameters.add_normal(name + ".weight", out, in, stddev, random)
                : parameters.add_uniform(name + ".weight", out, in, 1 / std::sqrt(static_cast<float>(in)), random);
  bias_ = parameters.add_constant(name + ".bias", 1, out, 0);
}

void Linear::forward(const Parameters& parameters, std::size_t rows, const float* x, float* y) const {
  blas::multiply_by_transposed(rows, out(), in(), x, parameters.data(weight_), y);
  const float* bias = parameters.data(bias_);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t j = 0; j < out(); ++j) y[row * out() + j] += bias[j];
  }
}

void Linear::backward(const Parameters& parameters, std::size_t rows, const float* x, const float* dy, float* dx,
                      Gradients& gradients, bool accumulate) const {
  blas::add_transposed_multiply(rows, out(), in(), dy, x, gradients.data(weight_));
  float* bias = gradients.data(bias_);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t j = 0; j < out(); ++j) bias[j] += dy[row * out() + j];
  }
  if (dx == nullptr) return;
  if (accumulate) {
    blas::add_multiply(rows, in(), out(), dy, parameters.data(weight_), dx);
  } else {
    blas::multiply(rows, in(), out(), dy, parameters.data(weight_), dx);
  }
}

void Linear::backward_input(const Parameters& parameters, std::size_t rows, const float* dy, float* dx) const {
  blas::multiply(rows, in(), out(), dy, parameters.data(weight_), dx);
}

void Linear::backward_weights(std::size_t rows, const float* x, const float* dy, std::size_t begin, std::size_t end,
                              Gradients& gradients) const {
  blas::gemm(blas::kTranspose, blas::kNo, end - begin, in(), rows, 1, dy + begin, out(), x, in(), 1,
             gradients.data(weight_) + begin * in(), in());
  float* bias = gradients.data(bias_);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t j = begin; j < end; ++j) bias[j] += dy[row * out() + j];
  }
}

}  // namespace tamis::models::nn
