// Training of PinSage on the interactions of a matrix: users against shared candidates, max-margin loss, hard negatives
// by curriculum (Ying et al. 2018, section 3.2 and 3.3).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/pinsage/pinsage.h"
#include "models/pinsage/walk_neighbors.h"
#include "models/train_control.h"

namespace tamis::models {

// What serving needs of all items, computed once after training.
struct PinSageVectors {
  std::vector<float> items;        // [items, dim]: rows of zeros for items without interactions and features
  std::vector<float> users;        // [users, dim]: rows of zeros for users without interactions
  std::vector<float> first_sent;   // [items, hidden]: what an item sends to neighbours in the first convolution,
  std::vector<float> second_sent;  // in the second,
  std::vector<float> user_sent;    // and to its users
};

// Trains in place over options().epochs; `interactions` is [users, items], `graph` its walk_neighbors(). Deterministic
// by seed for any number of threads. `epoch_done` may be empty. Errors: unavailable (cancelled), invalid_argument (no
// interactions), resource_exhausted (memory).
Status train_pinsage(PinSageModel& model, const InteractionMatrix& interactions, const WalkNeighbors& graph,
                     const TrainControl& control,
                     const std::function<void(std::uint32_t epoch, double loss)>& epoch_done = {});

Result<PinSageVectors> embed_all(const PinSageModel& model, const InteractionMatrix& interactions,
                                 const WalkNeighbors& graph, const TrainControl& control);

// A user from the distinct items of a history; `out` [dim]. REQUIRES: the history is not empty.
void embed_pinsage_user(const PinSageModel& model, const PinSageVectors& vectors,
                        std::span<const std::uint32_t> history, std::span<float> out);
// An item that was not trained on, from its features (may be null), neighbours among the trained items with their
// importance (weights that sum to 1), or both. `out` [dim].
Status embed_pinsage_item(const PinSageModel& model, const PinSageVectors& vectors, const Features* features,
                          std::span<const std::uint32_t> neighbors, std::span<const float> weights,
                          std::span<float> out);

}  // namespace tamis::models
