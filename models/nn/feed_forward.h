// The position-wise network of a transformer block: W2 dropout(f(W1 x)), then dropout.
#pragma once

#include <string>
#include <vector>

#include "models/nn/activation.h"
#include "models/nn/dropout.h"
#include "models/nn/linear.h"

namespace tamis::models::nn {

// Thread-safe for concurrent calls with distinct outputs, caches and gradients.
class FeedForward {
 public:
  struct Cache {
    std::vector<float> hidden;     // before the activation, [rows, inner]
    std::vector<float> activated;  // after activation and dropout
    std::vector<float> dhidden;    // of backward(), kept for the next
    Dropout::Mask hidden_mask, output_mask;
  };

  FeedForward() = default;
  FeedForward(Parameters& parameters, const std::string& name, std::size_t dim, std::size_t inner,
              Activation activation, float dropout, Random& random, float stddev = 0);

  void forward(const Parameters& parameters, std::size_t rows, const float* x, float* y, Cache& cache,
               Random* random) const;
  // `dy` is overwritten by what passes its dropout. dx is overwritten.
  void backward(const Parameters& parameters, std::size_t rows, const float* x, float* dy, float* dx, Cache& cache,
                Gradients& gradients, bool training) const;

 private:
  Linear first_, second_;
  Activation activation_ = Activation::kRelu;
  Dropout dropout_;
};

}  // namespace tamis::models::nn
