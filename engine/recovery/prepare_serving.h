// Serving: a generation made ready for queries: the space of each of its encoders indexed.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/live/live_state.h"

namespace tamis::engine {

struct Serving {
  std::shared_ptr<const Generation> generation;     // null: none
  std::vector<std::shared_ptr<SpaceIndex>> spaces;  // one per encoder, in their order
};

// Loads the index files of this very generation, or builds its indexes: seconds for large ones. failed_precondition
// where an encoder has the name of a space that others fill.
Result<Serving> prepare_serving(std::shared_ptr<const Generation> generation, const DatabaseOptions& options,
                                const LiveState& live, const std::filesystem::path& index_dir, Sequence last_sequence);

// What index files of a generation's spaces are known by. Vectors that are refitted online are others than trained
// ones.
std::string index_maker(const Generation& generation, const OnlineOptions& online);

// Publishes it in one swap: queries under way keep the generation that they pinned, later ones see the new one whole.
// Entities that came or went while it was prepared are brought into line first. REQUIRES: no commit is applied
// meanwhile.
void publish_serving(const Serving& serving, LiveState* live);

}  // namespace tamis::engine
