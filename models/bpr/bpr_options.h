// The options of BPR-MF as text.
#pragma once

#include <vector>

#include "models/bpr/bpr.h"
#include "models/option_table.h"

namespace tamis::models {

// The default of fold_in_ridge (bpr_fold_in.h), which is no option of training.
inline constexpr double kBprFoldInRidge = 10;

std::vector<ModelOption> bpr_table();
// REQUIRES: resolve_settings gave `settings` for bpr_table().
BprOptions bpr_options(const Settings& settings);

}  // namespace tamis::models
