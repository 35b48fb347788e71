// The options of every model by the model's name: the one place from which the command line, the configuration and the
// documents take names, types, defaults, ranges and meanings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/neighbors.h"
#include "models/option_table.h"
#include "models/settings.h"

namespace tamis::models {

// Of all of them: tables of neighbours, encoders, history models.
const std::vector<std::string>& model_names();
// The options of a model, in the order of the documents. Errors: invalid_argument naming the models that there are.
Result<std::vector<ModelOption>> model_options(std::string_view model);

// Options of item_knn and user_knn. REQUIRES: resolve_settings gave the settings for the model.
NeighborOptions neighbor_options(const Settings& settings);

}  // namespace tamis::models
