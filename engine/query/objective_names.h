// What the formula of a funnel's ranker may name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/funnel.h"
#include "engine/live/read_state.h"

namespace tamis::engine {

inline constexpr std::string_view kMergedScore = "score";  // of the merged retrieval, not of the ranker

// invalid_argument at "/ranker/objective" where the formula of `funnel` itself (not of its base) names what no ranker
// here predicts. Known are "score", the objectives of the serving ranker, and those that the next one is asked to learn
// (training.settings.dlrm.objectives) or, where it chooses by itself, every interaction type that was ever written.
// Before anything is known of a ranker, any name may come to be one. REQUIRES: the formula parses.
Status check_objective_names(const ReadState& state, const FunnelConfig& funnel);

// The names of its formula that nothing here predicts or may come to: neither "score", nor an objective of the serving
// ranker or of the next one, nor an interaction type that was written. Empty where the formula does not parse.
std::vector<std::string> unpredicted_names(const ReadState& state, const FunnelConfig& funnel);

}  // namespace tamis::engine
