#include "models/nn/binary_loss.h"

#include <algorithm>
#include <cmath>

#include "models/nn/vector_math.h"

namespace tamis::models::nn {
namespace {

// log(1 + e^x) without overflow.
float softplus(float x) { return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace

float gbce_positive_power(std::size_t negatives, std::size_t classes, double calibration) {
  if (classes < 2) return 1;
  const double rate = std::min(1.0, static_cast<double>(negatives) / static_cast<double>(classes - 1));
  return static_cast<float>(rate * (calibration * (1 - 1 / rate) + 1 / rate));
}

double binary_loss(const BinaryLossOptions& options, std::size_t rows, const float* x, const float* embeddings,
                   std::span<const std::uint32_t> targets, std::span<const std::uint32_t> negatives, float scale,
                   float* dx, float* dembeddings) {
  double loss = 0;
  std::fill_n(dx, rows * options.dim, 0.0F);
  for (std::size_t row = 0; row < rows; ++row) {
    const float* query = x + row * options.dim;
    float* dquery = dx + row * options.dim;
    // Term 0 is the target, the others its negatives.
    for (std::size_t term = 0; term <= options.negatives; ++term) {
      const bool positive = term == 0;
      const std::size_t item = positive ? targets[row] : negatives[row * options.negatives + term - 1];
      const float* embedding = embeddings + item * options.dim;
      float* dembedding = dembeddings + item * options.dim;
      float score = 0;
      for (std::size_t j = 0; j < options.dim; ++j) score += query[j] * embedding[j];
      loss += double{positive ? options.positive_power * softplus(-score) : softplus(score)};
      const float probability = fast_sigmoid(score);
      const float slope = scale * (positive ? options.positive_power * (probability - 1) : probability);
      for (std::size_t j = 0; j < options.dim; ++j) dquery[j] += slope * embedding[j];
      for (std::size_t j = 0; j < options.dim; ++j) dembedding[j] += slope * query[j];
    }
  }
  return loss;
}

}  // namespace tamis::models::nn
