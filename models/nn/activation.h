// Activations, elementwise over arrays.
#pragma once

#include <cstddef>

namespace tamis::models::nn {

enum class Activation { kRelu, kGelu, kSigmoid };

// y[i] = f(x[i]). x and y are distinct: activate_backward() needs x.
void activate(Activation activation, std::size_t size, const float* x, float* y);
// dx[i] = dy[i] * f'(x[i]); dx and dy may be the same array.
// GELU is the tanh form (Hendrycks & Gimpel 2016, arXiv:1606.08415).
void activate_backward(Activation activation, std::size_t size, const float* x, const float* dy, float* dx);

}  // namespace tamis::models::nn
