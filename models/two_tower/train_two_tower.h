// Training of a two-tower model on the interactions of a matrix.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/feature.h"
#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"
#include "models/two_tower/two_tower.h"

namespace tamis::models {

// Vectors of all users and items, as trained, [users, dim] and [items, dim].
struct TowerVectors {
  std::vector<float> users, items;
};

// What is known of users beside their histories; each may be empty.
struct TwoTowerUsers {
  std::span<const Features> features = {};            // [users]
  std::span<const Features> contexts = {};            // distinct ones, the first that of none
  std::span<const std::uint32_t> pair_contexts = {};  // of each pair of the interactions, an index into contexts
  const InteractionMatrix* disliked = nullptr;        // [users, items], what they turned down; null: nothing
};

// Trains in place over options().epochs; `interactions` is [users, items]. A row that is given a context predicts only
// what came about in that one. Adam on the touched rows alone, the learning rate falling to zero in a line.
// `epoch_done` may be empty. Deterministic by seed for any number of threads. Errors: unavailable (cancelled),
// invalid_argument (no interactions), resource_exhausted (memory).
Status train_two_tower(TwoTowerModel& model, const InteractionMatrix& interactions, const TwoTowerUsers& users,
                       const TrainControl& control,
                       const std::function<void(std::uint32_t epoch, double loss)>& epoch_done = {});

// Users with their histories, items by what trained them: an item without interactions is placed by its features alone,
// and is zeros where it has none.
Result<TowerVectors> embed_all(const TwoTowerModel& model, const InteractionMatrix& interactions,
                               std::span<const Features> user_features, const TrainControl& control);

}  // namespace tamis::models
