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
  // Of each space: how many vectors the index did not take, and why not the first.
  struct Refusals {
    std::uint64_t count = 0;
    Status first;
  };
  std::vector<Refusals> refusals;
};

// Loads the index files of this very generation, or builds its indexes, and brings them into line with the entities
// that there are: seconds for large ones. Commits may be applied meanwhile: what they change may be in the indexes or
// not. failed_precondition where an encoder has the name of a space that others fill.
Result<Serving> prepare_serving(std::shared_ptr<const Generation> generation, const DatabaseOptions& options,
                                const LiveState& live, const std::filesystem::path& index_dir, Sequence last_sequence);

// What index files of a generation's spaces are known by. Vectors that are refitted online are others than trained
// ones.
std::string index_maker(const Generation& generation, const OnlineOptions& online);

// Brings the indexes into line with every entity; by prepare_serving() already, again after a rewind of the store.
void reconcile_all(const LiveState& live, Serving* serving);

// The same for the entities that the records (after, through] name, all of which `live` has applied: those that came or
// went while the generation was prepared. The errors of Store::read_log().
Status reconcile_records(const storage::Store& store, const LiveState& live, Sequence after, Sequence through,
                         Serving* serving);

// Publishes it in one swap: queries under way keep the generation that they pinned, later ones see the new one whole.
// Returns the state before, to be freed when nobody waits for it: it may hold the last of a generation and its indexes.
// REQUIRES: no commit is applied meanwhile, and all before are reconciled.
std::shared_ptr<const ReadState> publish_serving(const Serving& serving, LiveState* live);

}  // namespace tamis::engine
