// Where a user stands in an embedding space, at query time.
#pragma once

#include <string>
#include <vector>

#include "engine/live/read_state.h"
#include "engine/retrieval/retriever.h"
#include "engine/retrieval/user_state.h"

namespace tamis::engine {

struct UserVector {
  std::vector<float> values;  // [dim]; empty where the user has no place in the space
  std::string note;           // then why
};

// Trained spaces: what the encoder makes of the latest history and the profile (models/encoder.h), so that the
// interaction just posted counts. Other spaces: the user's stored vector, else the weighted mean of the vectors of the
// last kMeanItems items of the history (unit vectors under cosine).
UserVector find_user_vector(const ReadState& state, const SpaceIndex& space, const UserState& user);
inline constexpr std::size_t kMeanItems = 20;

// The encoder of the serving generation that fills the space; null for spaces that are filled from outside.
const models::Encoder* find_encoder(const ReadState& state, const SpaceIndex& space);

// The share of each item of the history in the user's score for `item`; they sum to it (inner product and cosine). None
// for an encoder that cannot tell, a stored user vector, under L2, and where `item` is not in the space.
Result<Reasons> explain_user_vector(const ReadState& state, const SpaceIndex& space, const UserState& user,
                                    DenseId item);

// [dim], empty where `id` has no vector in `index`.
std::vector<float> stored_vector(const index::VectorIndex* index, std::uint32_t dim, DenseId id);

// As VectorIndex scores: higher is nearer. REQUIRES: equal sizes.
double vector_score(Metric metric, std::span<const float> a, std::span<const float> b);

}  // namespace tamis::engine
