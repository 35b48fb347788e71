// The options of the graph filters as text.
#pragma once

#include <vector>

#include "models/graph_filter/blurring_sharpening.h"
#include "models/graph_filter/graph_filter.h"
#include "models/option_table.h"

namespace tamis::models {

std::vector<ModelOption> graph_filter_table();
// REQUIRES: resolve_settings gave `settings` for graph_filter_table().
GraphFilterOptions graph_filter_options(const Settings& settings);

std::vector<ModelOption> blurring_sharpening_table();
// REQUIRES: resolve_settings gave `settings` for blurring_sharpening_table().
BlurringSharpeningOptions blurring_sharpening_options(const Settings& settings);

}  // namespace tamis::models
