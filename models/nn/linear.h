// Linear: y = x W^T + b.
#pragma once

#include <string>

#include "models/nn/parameters.h"

namespace tamis::models::nn {

// Stateless but for its place in Parameters: thread-safe for concurrent calls with distinct outputs and gradients.
class Linear {
 public:
  Linear() = default;
  // Weight [out, in] ~ U(-1/sqrt(in), 1/sqrt(in)) unless `stddev` > 0: then N(0, stddev). Bias zeros.
  Linear(Parameters& parameters, const std::string& name, std::size_t in, std::size_t out, Random& random,
         float stddev = 0);

  std::size_t in() const { return weight_.columns; }
  std::size_t out() const { return weight_.rows; }

  // x [rows, in] -> y [rows, out].
  void forward(const Parameters& parameters, std::size_t rows, const float* x, float* y) const;
  // dy [rows, out] -> dx [rows, in], overwritten unless `accumulate`; null where not wanted. Adds to `gradients`.
  void backward(const Parameters& parameters, std::size_t rows, const float* x, const float* dy, float* dx,
                Gradients& gradients, bool accumulate = false) const;

  // The halves of backward(), for a batch that threads share: dx of some rows, and the gradients of the outputs
  // [begin, end) over all rows, which do not depend on how either is cut.
  void backward_input(const Parameters& parameters, std::size_t rows, const float* dy, float* dx) const;
  void backward_weights(std::size_t rows, const float* x, const float* dy, std::size_t begin, std::size_t end,
                        Gradients& gradients) const;

  Slice weight() const { return weight_; }  // [out, in]
  Slice bias() const { return bias_; }      // [1, out]

 private:
  Slice weight_;
  Slice bias_;
};

}  // namespace tamis::models::nn
