// EASE^R: a linear model of items by items with a zero diagonal, in closed form (Steck 2019, arXiv:1905.03375).
//
// It minimises |X - X B|^2 + regularization |B|^2 with diag(B) = 0 over B [items, items]; with P the inverse of
// X^T X + regularization I, B_ij = -P_ij / P_jj. A history scores the items by the sum of its rows of B. X is 1 where a
// user likes an item and -disliked_weight where the user turned it down.
//
// The inverse is dense: 4 items^2 bytes and items^3 flops. Above `max_items` B is sparse instead: each item is
// predicted from its `candidates` most related ones (sparse_ease.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct EaseOptions {
  double regularization = 100;           // lambda, > 0; the larger, the less rare coincidences count
  double disliked_weight = 0.5;          // of what users turned down, >= 0
  std::uint32_t max_items = 10'000;      // of the exact solution; a larger catalogue gets the sparse one; 1..40000
  std::uint32_t candidates = 200;        // sparse: items that each item is predicted from, 1..5000
  std::uint32_t max_row_length = 5'000;  // sparse: users of more items are subsampled to this; 0: never
};

// Row r's entries are those from offsets[r] to offsets[r + 1], by column.
struct SparseRows {
  std::vector<std::uint64_t> offsets = {0};  // [rows + 1]
  std::vector<std::uint32_t> column;
  std::vector<float> weight;
};

// B is dense or sparse.
struct EaseModel {
  std::uint32_t items = 0;
  std::vector<float> weights;      // [items, items], row-major; empty where B is sparse
  std::uint32_t candidates = 0;    // of the sparse solution; 0: B is dense
  SparseRows sparse_weights = {};  // [items] rows; none where B is dense

  bool is_sparse() const { return candidates > 0; }
};

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const EaseOptions& options);

// Rows are users; of weights only the sign counts. Errors: invalid_argument (an option), resource_exhausted (memory),
// failed_precondition (lambda too small for single precision), unavailable (cancelled; the inversion of the exact
// solution is not interrupted).
Result<EaseModel> train_ease(const InteractionMatrix& interactions, const EaseOptions& options,
                             const TrainControl& control);

// The entry of X for an interaction of this weight.
float ease_entry(float weight, double disliked_weight);

// scores [items] = the sum of the history's rows of B, each times its entry (one each, or none: all 1).
void score_ease(const EaseModel& model, std::span<const std::uint32_t> history, std::span<float> scores,
                std::span<const float> entries = {});

}  // namespace tamis::models
