// LearnedModels: the tables that a run learns from one matrix.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/learn/model_settings.h"
#include "engine/learn/run_control.h"
#include "models/ials.h"
#include "models/interaction_matrix.h"
#include "models/neighbors.h"

namespace tamis::engine {

struct LearnedModels {
  std::optional<models::NeighborTable> item_neighbors;  // [items, <= neighbors]
  std::optional<models::NeighborTable> user_neighbors;  // [users, <= neighbors]
  std::optional<models::IalsModel> ials;                // its options are absolute: what fold-in needs
};

// Learns one of models::model_names() into `learned`; "popular" needs nothing.
Status learn_model(const std::string& model, const models::InteractionMatrix& interactions,
                   const ModelSettings& settings, const models::TrainControl& control, LearnedModels* learned);

// Learns each of `names`, one stage each.
Result<LearnedModels> learn_models(const std::vector<std::string>& names, const models::InteractionMatrix& interactions,
                                   const ModelSettings& settings, const RunControl& control);

// The share of a run's time that a model is expected to take, in arbitrary units; progress bars only.
double expected_cost(const std::string& model);

}  // namespace tamis::engine
