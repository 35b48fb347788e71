// References: what stored funnels and experiments name. What is in use is not deleted from under them, and what they
// name has to be there.
#pragma once

#include <string_view>

#include "common/status.h"
#include "engine/experiment.h"
#include "engine/live/read_state.h"

namespace tamis::engine {

// failed_precondition, with their names, while funnels inherit from the funnel or experiments that have not ended serve
// it or are about it. "default" is never gone: the built-in one takes its place.
Status check_funnel_unused(const ReadState& state, std::string_view funnel, TimestampMs now_ms);

// failed_precondition, with their names, while a retriever or a rule of a stored funnel, or of an experiment that has
// not ended, reads the space.
Status check_space_unused(const ReadState& state, std::string_view space, TimestampMs now_ms);

// not_found at "/funnel", "/arms/i/funnel" or "/arms/i/override/base" where there is no such funnel. One that has ended
// needs none.
Status check_experiment_funnels(const ReadState& state, const ExperimentConfig& experiment, TimestampMs now_ms);

}  // namespace tamis::engine
