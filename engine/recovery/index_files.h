// The index files of a database, <dir>/index: disposable caches of what recovery would otherwise compute.
//
//   <space>/label.json   what the files reflect: the space's definition, the sequence, the generation, and the sequence
//                        under which the index was last written
//   <space>/items/...    the vector index of items, in the format of index/
//   <space>/users/...    likewise
//   first_seen           when each item was first seen (first_seen.h)
//   counters.checkpoint  what interactions came to (counter_file.h)
//
// The label's sequence is that of the last visible write before the save began: the files may hold later writes, too,
// and applying the log from the label on brings them to any later state. Files take their place only after the store
// has been synced, so they never know of a write that a power cut took back.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "common/status.h"
#include "engine/live/read_state.h"

namespace tamis::engine {

// Writes to a temporary name, calls `sync_store`, and renames. `generation` is empty for external spaces.
Status save_space_index(const std::filesystem::path& index_dir, const SpaceIndex& space, Sequence sequence,
                        const std::string& generation, const std::function<Status()>& sync_store);

// The same for index files in place, from one save to the next: an index that has not changed since gets a new label
// only. REQUIRES: one save at a time.
Status update_space_files(const std::filesystem::path& index_dir, SpaceIndex* space, Sequence sequence,
                          const std::string& generation, const std::function<Status()>& sync_store);

struct LoadedSpaceIndex {
  std::shared_ptr<SpaceIndex> index;  // without users where the space is trained: they are the generation's
  Sequence sequence = 0;
};

// `rows` as in index_options(). not_found without files; corruption where they are damaged, are of another definition
// or generation, or reflect a sequence above `last_sequence`.
Result<LoadedSpaceIndex> load_space_index(const std::filesystem::path& index_dir, const Space& space,
                                          const IndexSettings& settings, VectorRows* rows,
                                          const std::string& generation, Sequence last_sequence);

// Deletes the files of one space.
void remove_space_files(const std::filesystem::path& index_dir, const std::string& space);
// Deletes the files of spaces that are not in `spaces`, and what an interrupted save left.
void remove_stale_files(const std::filesystem::path& index_dir, const std::set<std::string>& spaces);

}  // namespace tamis::engine
