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

// The funnel with the switch `rotate_shown` made a rule: one is added where it is on and none is there, and all are
// left out where the request turns it off. It is on where people scroll, which a cursor tells.
std::shared_ptr<const FunnelConfig> switch_rotation(std::shared_ptr<const FunnelConfig> funnel,
                                                    const RecommendRequest& request);

}  // namespace tamis::engine
