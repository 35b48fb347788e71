// Losses of retrieval: rows (users) against one set of candidate items that the whole batch shares, so that scores and
// gradients are three matrix products.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/train_control.h"

namespace tamis::models::nn {

enum class CandidateLossKind {
  kSoftmax,            // -log softmax of each target among the candidates (sampled softmax; Yi et al. 2019)
  kBce,                // log(1 + e^-s) of targets, log(1 + e^s) of the others
  kMargin,             // max(0, margin + s - s_target) of every other candidate with every target (Ying et al. 2018)
  kCosineContrastive,  // (1 - s) of targets, max(0, s - margin) of the others (CCL; Mao et al. 2021)
};

struct CandidateLossOptions {
  CandidateLossKind kind = CandidateLossKind::kSoftmax;
  float inverse_temperature = 1;  // multiplies scores; of kSoftmax and kBce
  float margin = 0.5;             // of kMargin and kCosineContrastive
  float negative_weight = 1;      // of all but kSoftmax: what the mean over the other candidates counts
  float disliked_weight = 1;      // what log(1 + e^s) of a disliked candidate counts, beside its part as a negative
};

// For row r, `targets` (offsets[r] .. offsets[r + 1]) are the candidates to score high; `ignored` ones are known to be
// liked, too, and take no part in the row. A candidate is in at most one of the two, once.
struct CandidateBatch {
  std::size_t dim = 0;
  std::size_t rows = 0;
  std::size_t candidates = 0;
  const float* queries = nullptr;  // [rows, dim]
  const float* items = nullptr;    // [candidates, dim]
  std::span<const std::uint32_t> target_offsets, targets;
  std::span<const std::uint32_t> ignored_offsets, ignored;
  // Candidates that the row's user turned down: neither targets nor ignored. No offsets: none in any row.
  std::span<const std::uint32_t> disliked_offsets = {}, disliked = {};
  // [candidates] or null: -log of the probability that a candidate is in the set (logQ correction, Yi et al. 2019;
  // mixed sampling, Yang et al. 2020), added to scores of kSoftmax. A row's own targets are there with certainty and
  // take none.
  const float* logit_offsets = nullptr;
};

// Work space that calls reuse.
struct CandidateScratch {
  std::vector<float> scores;  // [rows, candidates]
  std::vector<double> losses;
};

// The sum over rows and their targets of the loss. Gradients times `scale`: dqueries [rows, dim], ditems [candidates,
// dim], both overwritten. Parallel; the same bits for any number of threads. Errors: those of parallel_blocks().
Result<double> candidate_loss(const CandidateLossOptions& options, const CandidateBatch& batch, float scale,
                              float* dqueries, float* ditems, CandidateScratch& scratch, const TrainControl& control);

}  // namespace tamis::models::nn
