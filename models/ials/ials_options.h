// The options of iALS as text.
#pragma once

#include <vector>

#include "models/ials/ials.h"
#include "models/option_table.h"

namespace tamis::models {

std::vector<ModelOption> ials_table();
// REQUIRES: resolve_settings gave `settings` for ials_table().
IalsOptions ials_options(const Settings& settings);

}  // namespace tamis::models
