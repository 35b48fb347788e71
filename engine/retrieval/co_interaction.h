// Items that the same users took, counted live from the store: for items that no trained model knows yet.
#pragma once

#include <vector>

#include "engine/live/read_state.h"
#include "engine/retrieval/eligibility.h"

namespace tamis::engine {

// At most `k` eligible items by the cosine of co-interaction among the item's latest kCoInteractors users: the users in
// common over sqrt(users looked at * other item's popularity, or their number where that is less). Errors as the store
// reports them.
Result<std::vector<models::ScoredId>> find_co_interacted(const ReadState& state, DenseId item, std::size_t k,
                                                         const Eligibility& is_eligible);
inline constexpr std::size_t kCoInteractors = 50;

}  // namespace tamis::engine
