// EASE^R: a linear model of items by items with a zero diagonal, in closed form (Steck 2019, arXiv:1905.03375).
//
// It minimises |X - X B|^2 + regularization |B|^2 with diag(B) = 0 over B [items, items]; with P the inverse of
// X^T X + regularization I, B_ij = -P_ij / P_jj. A history scores the items by the sum of its rows of B. The inverse is
// dense: for catalogues of some thousand items. X is 1 where a user likes an item and -disliked_weight where the user
// turned it down.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct EaseOptions {
  double regularization = 200;       // lambda, > 0; the larger, the less rare coincidences count
  double disliked_weight = 0.5;      // of what users turned down, >= 0
  std::uint32_t max_items = 10'000;  // a larger catalogue is refused: memory is 4 items^2 bytes, time items^3; 1..40000
};

struct EaseModel {
  std::uint32_t items = 0;
  std::vector<float> weights;  // B, [items, items], row-major
};

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const EaseOptions& options);

// Rows are users; of weights only the sign counts. Errors: invalid_argument (an option), resource_exhausted (more than
// max_items items, told with the memory that they would take; or memory), failed_precondition (lambda too small for
// single precision), unavailable (cancelled before the inversion, which itself is not interrupted).
Result<EaseModel> train_ease(const InteractionMatrix& interactions, const EaseOptions& options,
                             const TrainControl& control);

// The entry of X for an interaction of this weight.
float ease_entry(float weight, double disliked_weight);

// scores [items] = the sum of the history's rows of B, each times its entry (one each, or none: all 1).
void score_ease(const EaseModel& model, std::span<const std::uint32_t> history, std::span<float> scores,
                std::span<const float> entries = {});

}  // namespace tamis::models
