// BatchNorm (Ioffe & Szegedy 2015, arXiv:1502.03167).
#pragma once

#include <string>
#include <vector>

#include "models/nn/parameters.h"

namespace tamis::models::nn {

// Normalises each column over the rows of a batch in training, by running averages at inference. Those averages lie
// among the Parameters, so that checkpoints hold them; their gradients stay zero. Columns are independent: each call of
// the training passes takes columns [begin, end), so that threads share a batch and the result does not depend on how
// many there are. Thread-safe for concurrent calls with distinct columns.
class BatchNorm {
 public:
  static constexpr float kEpsilon = 1e-5F;
  static constexpr float kMomentum = 0.1F;  // share of the newest batch in the running averages

  // What backward() needs of forward_train().
  struct Cache {
    std::vector<float> normalized;   // [rows, columns]
    std::vector<float> inverse_std;  // [columns]
    void resize(std::size_t rows, std::size_t columns);
  };

  BatchNorm() = default;
  BatchNorm(Parameters& parameters, const std::string& name, std::size_t columns);
  std::size_t columns() const { return gain_.columns; }

  // x [rows, columns] -> y, which may be x. Updates the running averages. REQUIRES: cache resized, rows >= 1.
  void forward_train(Parameters& parameters, std::size_t rows, std::size_t begin, std::size_t end, const float* x,
                     float* y, Cache& cache) const;
  // dy -> dx, overwritten; may be the same array. Adds to `gradients`.
  void backward(const Parameters& parameters, std::size_t rows, std::size_t begin, std::size_t end, const float* dy,
                float* dx, const Cache& cache, Gradients& gradients) const;

  // At inference y = scale * x + shift, both [columns]: to be applied, or folded into the linear layer before it.
  void affine(const Parameters& parameters, float* scale, float* shift) const;

 private:
  Slice gain_, bias_;
  Slice mean_, variance_;  // running
};

}  // namespace tamis::models::nn
