// LayerNorm (Ba, Kiros & Hinton 2016, arXiv:1607.06450).
#pragma once

#include <string>
#include <vector>

#include "models/nn/parameters.h"

namespace tamis::models::nn {

// Thread-safe for concurrent calls with distinct outputs, caches and gradients.
class LayerNorm {
 public:
  static constexpr float kEpsilon = 1e-8F;

  // What backward() needs of forward(): the normalised rows and 1 / standard deviation of each.
  struct Cache {
    std::vector<float> normalized;   // [rows, dim]
    std::vector<float> inverse_std;  // [rows]
  };

  LayerNorm() = default;
  LayerNorm(Parameters& parameters, const std::string& name, std::size_t dim);

  // x [rows, dim] -> y [rows, dim]; may be the same array.
  void forward(const Parameters& parameters, std::size_t rows, const float* x, float* y, Cache& cache) const;
  // dy -> dx (overwritten; may be the same array). Adds to `gradients`.
  void backward(const Parameters& parameters, std::size_t rows, const float* dy, float* dx, const Cache& cache,
                Gradients& gradients) const;

 private:
  Slice gain_;
  Slice bias_;
};

}  // namespace tamis::models::nn
