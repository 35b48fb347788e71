#include "models/nn/candidate_loss.h"

#include <algorithm>
#include <cmath>

#include "models/blas.h"
#include "models/nn/vector_math.h"
#include "models/parallel.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kRowsPerBlock = 128;
constexpr std::size_t kCandidatesPerBlock = 256;
constexpr float kNothing = -1e30F;  // the score of what takes no part

float log1p_exp(float x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// One row of scores: turned into the loss's gradient by them, in place. Returns the loss.
class Row {
 public:
  Row(const CandidateLossOptions& options, const CandidateBatch& batch, std::size_t row, float* scores)
      : options_(options),
        batch_(batch),
        targets_(batch.targets.subspan(batch.target_offsets[row],
                                       batch.target_offsets[row + 1] - batch.target_offsets[row])),
        ignored_(batch.ignored.subspan(batch.ignored_offsets[row],
                                       batch.ignored_offsets[row + 1] - batch.ignored_offsets[row])),
        disliked_(batch.disliked_offsets.empty()
                      ? std::span<const std::uint32_t>()
                      : batch.disliked.subspan(batch.disliked_offsets[row],
                                               batch.disliked_offsets[row + 1] - batch.disliked_offsets[row])),
        scores_(scores),
        size_(batch.candidates) {}

  double loss_and_gradient(float scale) {
    if (targets_.empty()) {
      std::fill_n(scores_, size_, 0.0F);
      return 0;
    }
    if (disliked_.empty()) return against_candidates(scale);
    std::vector<float> pushes;
    double loss = 0;
    for (const std::uint32_t c : disliked_) {
      const float score = options_.inverse_temperature * scores_[c];
      loss += double{options_.disliked_weight} * log1p_exp(score);
      pushes.push_back(scale * options_.disliked_weight * options_.inverse_temperature * fast_sigmoid(score));
    }
    loss += against_candidates(scale);
    for (std::size_t i = 0; i < pushes.size(); ++i) scores_[disliked_[i]] += pushes[i];
    return loss;
  }

 private:
  double against_candidates(float scale) {
    switch (options_.kind) {
      case CandidateLossKind::kSoftmax: return softmax(scale);
      case CandidateLossKind::kBce: return bce(scale);
      case CandidateLossKind::kMargin: return margin(scale);
      case CandidateLossKind::kCosineContrastive: break;
    }
    return cosine_contrastive(scale);
  }

  double softmax(float scale) {
    const float beta = options_.inverse_temperature;
    save_targets();
    if (batch_.logit_offsets != nullptr) {
      const float* offsets = batch_.logit_offsets;
      for (std::size_t c = 0; c < size_; ++c) scores_[c] = scores_[c] * beta + offsets[c];
    } else {
      for (std::size_t c = 0; c < size_; ++c) scores_[c] *= beta;
    }
    for (std::size_t t = 0; t < targets_.size(); ++t) scores_[targets_[t]] = saved_[t] * beta;
    for (const std::uint32_t c : ignored_) scores_[c] = kNothing;
    float largest = kNothing;
    for (std::size_t c = 0; c < size_; ++c) largest = std::max(largest, scores_[c]);
    float sum = 0;
    for (std::size_t c = 0; c < size_; ++c) {
      scores_[c] = fast_exp(scores_[c] - largest);
      sum += scores_[c];
    }
    clear_ignored();
    const auto count = static_cast<float>(targets_.size());
    const float log_sum = largest + std::log(sum);
    double loss = 0;
    for (const float score : saved_) loss += log_sum - score * beta;
    const float factor = scale * beta * count / sum;
    for (std::size_t c = 0; c < size_; ++c) scores_[c] *= factor;
    for (const std::uint32_t c : targets_) scores_[c] -= scale * beta;
    return loss;
  }

  double bce(float scale) {
    const float beta = options_.inverse_temperature;
    const float weight = negative_weight();
    save_targets();
    double negatives = 0;
    for (std::size_t c = 0; c < size_; ++c) negatives += log1p_exp(beta * scores_[c]);
    const auto exclude = [&](float score) { negatives -= log1p_exp(beta * score); };
    for (const std::uint32_t c : ignored_) exclude(scores_[c]);
    for (const float score : saved_) exclude(score);
    for (std::size_t c = 0; c < size_; ++c) scores_[c] = scale * weight * beta * fast_sigmoid(beta * scores_[c]);
    clear_ignored();
    double loss = weight * negatives;
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      loss += log1p_exp(-beta * saved_[t]);
      scores_[targets_[t]] = -scale * beta * fast_sigmoid(-beta * saved_[t]);
    }
    return loss;
  }

  double margin(float scale) {
    save_targets();
    const float weight = negative_weight() / static_cast<float>(targets_.size());
    for (const std::uint32_t c : ignored_) scores_[c] = kNothing;
    for (const std::uint32_t c : targets_) scores_[c] = kNothing;
    violations_.assign(size_, 0.0F);
    double loss = 0;
    for (float& target : saved_) {
      const float bound = target - options_.margin;
      float excess = 0;
      float violations = 0;
      for (std::size_t c = 0; c < size_; ++c) {
        const float violates = scores_[c] > bound ? 1.0F : 0.0F;
        violations_[c] += violates;
        violations += violates;
        excess += std::max(0.0F, scores_[c] - bound);
      }
      loss += excess;
      target = violations;  // from here on, how many candidates violate this target's margin
    }
    for (std::size_t c = 0; c < size_; ++c) scores_[c] = scale * weight * violations_[c];
    for (std::size_t t = 0; t < targets_.size(); ++t) scores_[targets_[t]] = -scale * weight * saved_[t];
    return weight * loss;
  }

  double cosine_contrastive(float scale) {
    save_targets();
    const float weight = negative_weight();
    for (const std::uint32_t c : ignored_) scores_[c] = kNothing;
    for (const std::uint32_t c : targets_) scores_[c] = kNothing;
    const float bound = options_.margin;
    float excess = 0;
    for (std::size_t c = 0; c < size_; ++c) {
      excess += std::max(0.0F, scores_[c] - bound);
      scores_[c] = scores_[c] > bound ? scale * weight : 0.0F;
    }
    double loss = double{weight} * excess;
    for (std::size_t t = 0; t < targets_.size(); ++t) {
      loss += 1 - saved_[t];
      scores_[targets_[t]] = -scale;
    }
    return loss;
  }

  // Each target counts one mean over the other candidates.
  float negative_weight() const {
    const std::size_t others = size_ - targets_.size() - ignored_.size();
    return options_.negative_weight * static_cast<float>(targets_.size()) /
           static_cast<float>(std::max<std::size_t>(others, 1));
  }
  void save_targets() {
    saved_.clear();
    for (const std::uint32_t c : targets_) saved_.push_back(scores_[c]);
  }
  void clear_ignored() {
    for (const std::uint32_t c : ignored_) scores_[c] = 0;
  }

  const CandidateLossOptions& options_;
  const CandidateBatch& batch_;
  std::span<const std::uint32_t> targets_, ignored_, disliked_;
  float* scores_;
  std::size_t size_;
  std::vector<float> saved_;  // the targets' scores
  std::vector<float> violations_;
};

}  // namespace

Result<double> candidate_loss(const CandidateLossOptions& options, const CandidateBatch& batch, float scale,
                              float* dqueries, float* ditems, CandidateScratch& scratch, const TrainControl& control) {
  const std::size_t candidates = batch.candidates;
  const std::size_t dim = batch.dim;
  scratch.scores.resize(batch.rows * candidates);
  scratch.losses.assign(batch.rows, 0);
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, batch.rows, kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    float* scores = scratch.scores.data() + begin * candidates;
    blas::multiply_by_transposed(end - begin, candidates, dim, batch.queries + begin * dim, batch.items, scores);
    for (std::size_t r = begin; r < end; ++r) {
      scratch.losses[r] = Row(options, batch, r, scores + (r - begin) * candidates).loss_and_gradient(scale);
    }
    blas::multiply(end - begin, dim, candidates, scores, batch.items, dqueries + begin * dim);
  }));
  TAMIS_RETURN_IF_ERROR(
      parallel_blocks(control, candidates, kCandidatesPerBlock, [&](std::size_t begin, std::size_t end) {
        blas::gemm(blas::kTranspose, blas::kNo, end - begin, dim, batch.rows, 1, scratch.scores.data() + begin,
                   candidates, batch.queries, dim, 0, ditems + begin * dim, dim);
      }));
  double loss = 0;
  for (const double row : scratch.losses) loss += row;
  return loss;
}

}  // namespace tamis::models::nn
