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

index::IndexOptions index_options(const Space& space, const IndexSettings& settings);

Result<std::shared_ptr<SpaceIndex>> make_empty_space_index(const Space& space, const IndexSettings& settings);

// Hears of each stored vector that the index does not take.
using VectorRefusals = std::function<void(EntityKind, DenseId, const Status&)>;

// Reads every vector of `space`; those that the index refuses are left out and told to `refused`. `stop` (may be null)
// ends it early with unavailable.
Result<std::shared_ptr<SpaceIndex>> build_space_index(const Space& space, const IndexSettings& settings,
                                                      const storage::Store& store, const std::atomic<bool>* stop,
                                                      const VectorRefusals& refused);

// The space that an encoder of a generation fills.
Space encoder_space(const models::Encoder& encoder, const IndexSettings& settings);
// With a vector for every entity of the tables that the encoder places (trained_vector.h).
Result<std::shared_ptr<SpaceIndex>> build_encoder_index(const Generation& generation, const models::Encoder& encoder,
                                                        const IndexSettings& settings, const EntityTable& users,
                                                        const EntityTable& items);

// Whether a generation's encoder fills the space: its vectors live in the generation, not in the store.
inline bool is_trained(const Space& space) { return space.encoder != "external"; }

}  // namespace tamis::engine
