// A request's part in the experiments that run.
#pragma once

#include <memory>
#include <vector>

#include "engine/live/read_state.h"
#include "engine/requests.h"

namespace tamis::engine {

// The arms that hold for the request's user, `*funnel` made into what they serve. A request with a funnel of its own
// and an anonymous one take part in nothing.
std::vector<ServedArm> take_part(const ReadState& state, const RecommendRequest& request,
                                 std::shared_ptr<const FunnelConfig>* funnel);

}  // namespace tamis::engine
