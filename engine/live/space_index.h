// Making the indexes of a space: empty, from the store's vectors, or from a generation's encoder.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/options.h"

namespace tamis::engine {

// The members of `SpaceIndex` by kind.
inline index::VectorIndex& index_of(const SpaceIndex& space, EntityKind kind) {
  return kind == EntityKind::kUser ? *space.users : *space.items;
}

// `rows` read the f32 rows of a space that does not keep them in memory; null: it keeps them all the same.
index::IndexOptions index_options(const Space& space, EntityKind kind, const IndexSettings& settings, VectorRows* rows);

Result<std::shared_ptr<SpaceIndex>> make_empty_space_index(const Space& space, const IndexSettings& settings,
                                                           VectorRows* rows);

// Hears of each stored vector that the index does not take.
using VectorRefusals = std::function<void(EntityKind, DenseId, const Status&)>;

// Reads every vector of `space`; those that the index refuses are left out and told to `refused`. `stop` (may be null)
// ends it early with unavailable.
Result<std::shared_ptr<SpaceIndex>> build_space_index(const Space& space, const IndexSettings& settings,
                                                      VectorRows* rows, const storage::Store& store,
                                                      const std::atomic<bool>* stop, const VectorRefusals& refused);

// The space that an encoder of a generation fills.
Space encoder_space(const models::Encoder& encoder, const IndexSettings& settings);
// With a vector for every item that the encoder places (trained_vector.h), and no users yet.
Result<std::shared_ptr<SpaceIndex>> build_encoder_index(const std::shared_ptr<const Generation>& generation,
                                                        const models::Encoder& encoder, const IndexSettings& settings,
                                                        const EntityTable& items);
// The users of such a space, none of whom is there yet.
std::unique_ptr<index::VectorIndex> make_trained_users(const std::shared_ptr<const Generation>& generation,
                                                       const models::Encoder& encoder, const IndexSettings& settings);

// Whether a generation's encoder fills the space: its vectors live in the generation, not in the store.
inline bool is_trained(const Space& space) { return space.encoder != "external"; }

}  // namespace tamis::engine
