#include "models/nn/activation.h"

#include "models/nn/vector_math.h"

namespace tamis::models::nn {
namespace {

constexpr float kGeluScale = 0.7978845608028654F;  // sqrt(2 / pi)
constexpr float kGeluCubic = 0.044715F;

float gelu(float x) { return 0.5F * x * (1 + fast_tanh(kGeluScale * (x + kGeluCubic * x * x * x))); }

float gelu_derivative(float x) {
  const float t = fast_tanh(kGeluScale * (x + kGeluCubic * x * x * x));
  return 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * kGeluScale * (1 + 3 * kGeluCubic * x * x);
}

}  // namespace

void activate(Activation activation, std::size_t size, const float* x, float* y) {
  switch (activation) {
    case Activation::kRelu:
      for (std::size_t i = 0; i < size; ++i) y[i] = x[i] > 0 ? x[i] : 0;
      return;
    case Activation::kGelu:
      for (std::size_t i = 0; i < size; ++i) y[i] = gelu(x[i]);
      return;
    case Activation::kSigmoid:
      for (std::size_t i = 0; i < size; ++i) y[i] = fast_sigmoid(x[i]);
      return;
  }
}

void activate_backward(Activation activation, std::size_t size, const float* x, const float* dy, float* dx) {
  switch (activation) {
    case Activation::kRelu:
      for (std::size_t i = 0; i < size; ++i) dx[i] = x[i] > 0 ? dy[i] : 0;
      return;
    case Activation::kGelu:
      for (std::size_t i = 0; i < size; ++i) dx[i] = dy[i] * gelu_derivative(x[i]);
      return;
    case Activation::kSigmoid:
      for (std::size_t i = 0; i < size; ++i) {
        const float y = fast_sigmoid(x[i]);
        dx[i] = dy[i] * y * (1 - y);
      }
      return;
  }
}

}  // namespace tamis::models::nn
