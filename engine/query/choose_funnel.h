// Which funnel answers a request.
#pragma once

#include <memory>

#include "common/status.h"
#include "engine/funnel.h"
#include "engine/live/read_state.h"
#include "engine/requests.h"

namespace tamis::engine {

// The request's own funnel on its base, else the one of its surface where there is such a funnel, else the named one.
// not_found at "funnel" (or "override.base", where that is unknown).
Result<std::shared_ptr<const FunnelConfig>> choose_funnel(const ReadState& state, const RecommendRequest& request);

// Whether what the user was shown lately sinks: as the request says, else where the funnel has a rotation rule, else as
// its `rotate_shown` says.
bool wants_rotation(const FunnelConfig& funnel, const RecommendRequest& request);
// The funnel with a rotation rule where one is wanted and none is there, or without those that are not wanted.
std::shared_ptr<const FunnelConfig> switch_rotation(std::shared_ptr<const FunnelConfig> funnel,
                                                    const RecommendRequest& request);

}  // namespace tamis::engine
