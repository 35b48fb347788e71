// Checks of requests before any work is done. Every fault is invalid_argument with the member in Status::field().
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/live/read_state.h"
#include "engine/requests.h"

namespace tamis::engine {

Status check_k(std::uint32_t k);  // 1..kMaxK
Status check_recommend_request(const ReadState& state, const RecommendRequest& request);
// The context of a request as encoders take it: kinds inferred, limits held. Faults name "context.<name>".
Result<Features> conform_context(const Features& context);

}  // namespace tamis::engine
