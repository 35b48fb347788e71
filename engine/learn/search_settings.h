// The settings that a search tries of each model: few, and those that matter.
#pragma once

#include <string>
#include <vector>

#include "models/settings.h"

namespace tamis::engine {

// Changes to the defaults, the most promising first; none for a model that is not tuned.
const std::vector<models::Settings>& settings_to_try(const std::string& model);

}  // namespace tamis::engine
