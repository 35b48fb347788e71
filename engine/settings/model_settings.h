// ModelSettings: the options of every model, as training.settings gives them.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/options.h"
#include "models/neighbors.h"
#include "models/settings.h"

namespace tamis::engine {

struct ModelSettings {
  models::NeighborOptions item_knn;
  models::NeighborOptions user_knn;
  // In force, by the names of models/kinds/encoder_kinds.h and models/kinds/history_model_kinds.h; one that is not
  // named has its defaults.
  std::map<std::string, models::Settings, std::less<>> encoders;
  models::Settings dlrm;  // of the ranker, in force (engine/settings/ranker_settings.h); empty: its defaults
};

// The models that a run can learn: the counted and neighbourhood ones, the encoders that Tamis trains, the history
// models, and "dlrm", the ranker.
const std::vector<std::string>& trainable_models();

// Among the models of a run: asks it to find the others by itself (search_recommender.h).
inline constexpr const char* kAutomatic = "auto";

inline bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
inline bool is_automatic(const std::vector<std::string>& models) { return contains(models, kAutomatic); }

// The settings in force of a trained encoder or history model. REQUIRES: one of encoder_kinds() or
// history_model_kinds().
Result<models::Settings> encoder_settings(const ModelSettings& settings, const std::string& encoder);

// Checks a list of trainable_models(): known, not empty, none twice. invalid_argument naming the field, as
// "training.models[1]". `popular` has no tables: it is counted live, and takes part in evaluation.
// Of a run that may take members over: a ranker ranks what those retrieve, too; kAutomatic may be among its models.
Status validate_run_models(const std::vector<std::string>& names, const std::vector<std::string>& inherited,
                           std::string_view field = "models");
Status validate_model_names(const std::vector<std::string>& names, std::string_view field);

// invalid_argument naming the field, as "training.settings.ials.dim", what is expected or the nearest known name.
Result<ModelSettings> parse_model_settings(const TrainingOptions& options);

}  // namespace tamis::engine
