// Making the indexes of a space: empty, from the store's vectors, or from a generation's factors.
#pragma once

#include <atomic>
#include <memory>
#include <string_view>

#include "common/status.h"
#include "engine/options.h"
#include "engine/read_state.h"

namespace tamis::engine {

// The space that the iALS encoder fills. Its vectors live in the generation, not in the store.
inline constexpr std::string_view kIalsSpace = "ials";

// The members of `SpaceIndex` by kind.
inline index::VectorIndex& index_of(const SpaceIndex& space, EntityKind kind) {
  return kind == EntityKind::kUser ? *space.users : *space.items;
}

index::IndexOptions index_options(const Space& space, const IndexSettings& settings);

Result<std::shared_ptr<SpaceIndex>> make_empty_space_index(const Space& space, const IndexSettings& settings);

// Reads every vector of `space`. `stop` (may be null) ends it early with unavailable.
Result<std::shared_ptr<SpaceIndex>> build_space_index(const Space& space, const IndexSettings& settings,
                                                      const storage::Store& store, const std::atomic<bool>* stop);

// The "ials" space of a generation with iALS: item and user factors by dot product. Entities that are not in the tables
// are left out.
Space ials_space(const Generation& generation, const IndexSettings& settings);
Result<std::shared_ptr<SpaceIndex>> build_ials_index(const Generation& generation, const IndexSettings& settings,
                                                     const EntityTable& users, const EntityTable& items);

}  // namespace tamis::engine
