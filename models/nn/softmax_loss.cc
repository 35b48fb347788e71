#include "models/nn/softmax_loss.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "models/blas.h"
#include "models/nn/vector_math.h"

namespace tamis::models::nn {
namespace {

// Rows whose scores are held at once: few enough for the caches, many enough that packing the embeddings for a product
// costs little beside the product.
constexpr std::size_t kScoreBytes = 3'584 * 1'024;
constexpr std::size_t kMinBlock = 64;
constexpr std::size_t kMaxBlock = 512;

// Turns a row of scores into `scale` times softmax probabilities in place; returns log of the normaliser.
float normalize_row(float* row, std::size_t classes, const float* offsets, float inverse_temperature, float scale) {
  if (offsets != nullptr) {
    for (std::size_t c = 0; c < classes; ++c) row[c] = row[c] * inverse_temperature + offsets[c];
  } else if (inverse_temperature != 1) {
    for (std::size_t c = 0; c < classes; ++c) row[c] *= inverse_temperature;
  }
  float largest = row[0];
  for (std::size_t c = 1; c < classes; ++c) largest = std::max(largest, row[c]);
  float sum = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    row[c] = fast_exp(row[c] - largest);
    sum += row[c];
  }
  const float factor = scale / sum;
  for (std::size_t c = 0; c < classes; ++c) row[c] *= factor;
  return largest + std::log(sum);
}

}  // namespace

double softmax_loss(const SoftmaxLossOptions& options, std::size_t rows, const float* x, const float* embeddings,
                    std::span<const std::uint32_t> targets, const float* logit_offsets, float scale, float* dx,
                    float* dembeddings) {
  const std::size_t block = std::clamp<std::size_t>(
      kScoreBytes / sizeof(float) / std::max<std::size_t>(options.classes, 1), kMinBlock, kMaxBlock);
  thread_local std::vector<float> scores;
  scores.resize(std::min(block, rows) * options.classes);
  const float gradient_scale = scale * options.inverse_temperature;
  double loss = 0;
  for (std::size_t first = 0; first < rows; first += block) {
    const std::size_t count = std::min(block, rows - first);
    blas::multiply_by_transposed(count, options.classes, options.dim, x + first * options.dim, embeddings,
                                 scores.data());
    for (std::size_t i = 0; i < count; ++i) {
      float* row = scores.data() + i * options.classes;
      const std::uint32_t target = targets[first + i];
      const float offset = logit_offsets != nullptr ? logit_offsets[target] : 0;
      const float target_score = row[target] * options.inverse_temperature + offset;
      const float log_sum =
          normalize_row(row, options.classes, logit_offsets, options.inverse_temperature, gradient_scale);
      loss += double{log_sum} - target_score;
      row[target] -= gradient_scale;
    }
    blas::multiply(count, options.dim, options.classes, scores.data(), embeddings, dx + first * options.dim);
    blas::add_transposed_multiply(count, options.classes, options.dim, scores.data(), x + first * options.dim,
                                  dembeddings);
  }
  return loss;
}

}  // namespace tamis::models::nn
