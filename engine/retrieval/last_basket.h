// What a user put into their last basket, and the model that says what goes with it.
#pragma once

#include <vector>

#include "engine/live/read_state.h"
#include "engine/retrieval/user_state.h"
#include "models/bought_together/bought_together.h"

namespace tamis::engine {

// Of the generation that serves; null where it has none. Lives as long as the state.
const models::BoughtTogetherModel* find_bought_together(const ReadState& state);

// The items of the user's newest positive actions, newest first, up to the first gap of more than `gap_minutes`; at
// most 50.
std::vector<DenseId> last_basket(const UserState& user, double gap_minutes);

}  // namespace tamis::engine
