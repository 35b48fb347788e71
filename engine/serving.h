// Serving: a generation made ready for queries: its "ials" space indexed, its fold-in precomputed.
#pragma once

#include <filesystem>
#include <memory>

#include "common/status.h"
#include "engine/live_state.h"

namespace tamis::engine {

struct Serving {
  std::shared_ptr<const Generation> generation;            // null: none
  std::shared_ptr<const models::IalsFoldIn> ials_fold_in;  // keeps the generation
  std::shared_ptr<SpaceIndex> ials;                        // null without iALS
};

// Loads the index files of this very generation, or builds its index: seconds for large ones.
Result<Serving> prepare_serving(std::shared_ptr<const Generation> generation, const DatabaseOptions& options,
                                const LiveState& live, const std::filesystem::path& index_dir, Sequence last_sequence);

// Publishes it. Entities that came or went while it was prepared are brought into line first.
// REQUIRES: no commit is applied meanwhile.
void publish_serving(const Serving& serving, LiveState* live);

}  // namespace tamis::engine
