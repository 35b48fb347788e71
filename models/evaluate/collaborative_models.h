// The models that learn from a matrix of users and items and rank all items for its users: what the protocols on files
// of interactions evaluate. A new model is one line in collaborative_models.cc, and its options one table in
// model_options.cc.
#pragma once

#include <span>
#include <string_view>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/ranking_evaluation.h"
#include "models/settings.h"
#include "models/train_control.h"

namespace tamis::models {

struct CollaborativeModel {
  std::string_view name;
  // Learns from `train` [users, items], weights below 0 for what was turned down, and answers for its users. `settings`
  // are in force: resolve_settings() gave them for model_options(name). The recommender owns what it learned and refers
  // to `train`, which outlives it. Errors: invalid_argument (data or settings), unavailable (cancelled),
  // resource_exhausted (memory).
  Result<Recommender> (*train)(const InteractionMatrix& train, const Settings& settings, const TrainControl& control);
};

std::span<const CollaborativeModel> collaborative_models();
// Errors: invalid_argument for a model that there is not, or that does not learn from a matrix of interactions alone.
Result<CollaborativeModel> find_collaborative_model(std::string_view name);

}  // namespace tamis::models
