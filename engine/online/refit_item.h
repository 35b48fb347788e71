// An item's vector from its interactions as they are now.
#pragma once

#include <vector>

#include "engine/live/read_state.h"
#include "engine/online/asked_users.h"

namespace tamis::engine {

// The vector that `encoder` of the serving generation should have for `item`: refitted to its newest
// training.online.max_interactions interactions, training.online.learning_rate of the way from the trained vector, and
// no farther from it than training.online.max_drift of its length. As trained where nothing came since. An item without
// a trained vector gets the refitted one once training.online.min_interactions of its interactions say something; empty
// before that. A function of the store and the generation. io_error and the like.
Result<std::vector<float>> refit_item(const ReadState& state, const models::Encoder& encoder, DenseId item,
                                      AskedUsers* users);

}  // namespace tamis::engine
