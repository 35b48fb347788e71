// Learning the models of a run from one set of interactions.
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "engine/learn/run_control.h"
#include "engine/serving/generation.h"
#include "engine/settings/model_settings.h"
#include "models/interaction_matrix.h"
#include "models/training_data.h"

namespace tamis::engine {

// Learns one of trainable_models() into `learned`; "popular" needs nothing, "dlrm" is learned by learn_ranker().
// `matrix` is data.signed_matrix().
Status learn_model(const std::string& model, const models::TrainingData& data, const models::InteractionMatrix& matrix,
                   const ModelSettings& settings, const models::TrainControl& control, LearnedModels* learned);

void add_learned(LearnedModels from, LearnedModels* to);
// Those of `names` alone.
LearnedModels select_models(const LearnedModels& learned, const std::vector<std::string>& names);

// Learns each of `names`, one stage each.
Result<LearnedModels> learn_models(const std::vector<std::string>& names, const models::TrainingData& data,
                                   const models::InteractionMatrix& matrix, const ModelSettings& settings,
                                   const RunControl& control);

// What every generation of an automatic run has: similar items and funnels that people wrote name them.
const std::vector<std::string>& base_models();

// Those that a database of so many users learns by default. A table of similar users takes 1.6 kB for each user, and
// its time grows with the square of how often an item was met.
std::vector<std::string> affordable_base_models(std::uint64_t users);

// The share of a run's time that a model is expected to take, in arbitrary units; progress bars only.
double expected_cost(const std::string& model);

// Whether one of `names` learns from features.
bool need_features(const std::vector<std::string>& names);

// Whether one of `names` learns from baskets.
bool need_baskets(const std::vector<std::string>& names);
// Whether the model answers a cart rather than a person (models/kinds/history_model_kinds.h).
bool is_of_carts(const std::string& model);
// Whether `data` hold enough baskets to learn "bought_together" from.
bool has_baskets(const models::TrainingData& data, const ModelSettings& settings);

// Why learn_model() failed, without the model's name in front.
std::string failure_reason(const std::string& model, const Status& failure);

// Whether `model` learns from interactions, so that it needs a minimum of them.
bool needs_interactions(const std::string& model);

}  // namespace tamis::engine
