// The options of EASE as text.
#pragma once

#include <vector>

#include "models/ease/ease.h"
#include "models/option_table.h"

namespace tamis::models {

// `neighbors` beside those of EaseOptions: how many weights per item are served (ease_history_model.h).
std::vector<ModelOption> ease_table();
// REQUIRES: resolve_settings gave `settings` for ease_table().
EaseOptions ease_options(const Settings& settings);

}  // namespace tamis::models
