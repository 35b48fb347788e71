// The options of explicit matrix factorisation as text.
#pragma once

#include <vector>

#include "models/mf/mf.h"
#include "models/option_table.h"

namespace tamis::models {

std::vector<ModelOption> mf_table();
// REQUIRES: resolve_settings gave `settings` for mf_table().
MfOptions mf_options(const Settings& settings);

}  // namespace tamis::models
