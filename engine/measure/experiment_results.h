// What an experiment came to, read from the impressions that bear its arms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/experiment.h"
#include "engine/interactions/interaction_types.h"
#include "engine/options.h"
#include "storage/store.h"

namespace tamis::engine {

// Reads lists served from the experiment's start to its end or `now_ms`. One pass over them; memory: some 100 bytes for
// each user of the experiment.
Result<ExperimentResults> experiment_results(const storage::Store& store, const DatabaseOptions& options,
                                             std::shared_ptr<const InteractionTypes> types,
                                             const ExperimentConfig& experiment, TimestampMs now_ms);

// P-value of the chi-square test that counts follow `shares`. 1 for fewer than two arms or no counts.
double sample_ratio_p(const std::vector<std::uint64_t>& counts, const std::vector<double>& shares);

}  // namespace tamis::engine
