// Binary cross-entropy of a target against sampled negatives, with the positive's probability raised to a power
// (generalised BCE: Petrov & Macdonald 2023, arXiv:2308.07192).
#pragma once

#include <cstdint>
#include <span>

namespace tamis::models::nn {

struct BinaryLossOptions {
  std::size_t dim = 0;
  std::size_t negatives = 1;  // per row
  float positive_power = 1;   // beta: 1 is plain BCE; below it, the positive's excess from sampling is undone
};

// beta of gBCE for `negatives` out of `classes`: with sampling rate a = negatives / (classes - 1) and calibration t
// in 0..1, a (t (1 - 1/a) + 1/a). t = 0 gives 1 (plain BCE), t = 1 gives a: scores calibrated as under full softmax.
float gbce_positive_power(std::size_t negatives, std::size_t classes, double calibration);

// The sum over rows of -beta log sigmoid(x . e_target) - sum over negatives n of log(1 - sigmoid(x . e_n)).
// x [rows, dim], embeddings [classes, dim], targets [rows], negatives [rows, options.negatives] < classes. Gradients,
// each times `scale`: dx [rows, dim] overwritten, dembeddings [classes, dim] added to. Thread-safe with distinct
// outputs.
double binary_loss(const BinaryLossOptions& options, std::size_t rows, const float* x, const float* embeddings,
                   std::span<const std::uint32_t> targets, std::span<const std::uint32_t> negatives, float scale,
                   float* dx, float* dembeddings);

}  // namespace tamis::models::nn
