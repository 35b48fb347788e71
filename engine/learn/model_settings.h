// ModelSettings: the options of every model, as training.settings gives them.
#pragma once

#include <string>
#include <vector>

#include "common/status.h"
#include "engine/options.h"
#include "models/ials.h"
#include "models/neighbors.h"

namespace tamis::engine {

// The default of ials.unobserved_weight here, in the unit of ModelSettings::ials: found on a validation part of the
// Online Retail data (docs/evaluation.md).
inline constexpr double kDefaultUnobservedWeight = 0.3;

struct ModelSettings {
  models::NeighborOptions item_knn;
  models::NeighborOptions user_knn;
  // unobserved_weight is relative here: in units of the mean weight of a user's pair with an item, so that it means the
  // same whatever interactions weigh.
  models::IalsOptions ials{.unobserved_weight = kDefaultUnobservedWeight};
};

// Checks a list of models::model_names(): known, not empty, none twice. invalid_argument naming the field, as
// "training.models[1]". `popular` has no tables: it is counted live, and takes part in evaluation.
Status validate_model_names(const std::vector<std::string>& names, std::string_view field);

// invalid_argument naming the field, as "training.settings.ials.dim", what is expected or the nearest known name.
Result<ModelSettings> parse_model_settings(const TrainingOptions& options);

}  // namespace tamis::engine
