// From dense ids and scores to what callers see.
#pragma once

#include <span>
#include <string>

#include "engine/live/read_state.h"
#include "engine/requests.h"

namespace tamis::engine {

ScoredAnswer make_scored_answer(const ReadState& state, EntityKind kind, std::string space,
                                std::span<const models::ScoredId> entities, bool with_features, TimestampMs now_ms,
                                Sequence sequence);

}  // namespace tamis::engine
