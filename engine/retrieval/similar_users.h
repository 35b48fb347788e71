// Users alike by what they took, live: the asking user's side is the latest history, not the trained row.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/retrieval/user_state.h"
#include "engine/serving/generation.h"

namespace tamis::engine {

bool has_user_knn(const Generation& generation);

// At most `k` rows of the generation's users, most similar first, never the user's own. Empty where the generation
// knows nothing of the history. REQUIRES: has_user_knn(generation).
std::vector<models::ScoredId> find_similar_user_rows(const Generation& generation, const UserState& user,
                                                     std::size_t k);

}  // namespace tamis::engine
