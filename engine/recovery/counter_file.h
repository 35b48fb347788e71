// The file of counters, <dir>/index/counters.checkpoint: what a scan of every interaction would tell, as of a sequence.
// Disposable, as index files are: recovery counts from there on, or everything where the file does not do.
//
//   magic, format                     8 bytes, u64
//   sequence, mark                    u64 each; the mark is made of the log record of that sequence
//   parts                             u64: how many
//   for each part: size, XXH3         u64 each
//   XXH3 of all before                u64
//   the parts                         texts, numbers, rows of statistics, the filter's layers (counter_file.cc)
//
// It names nobody: users and items are dense ids. Little-endian.
#pragma once

#include <filesystem>

#include "common/status.h"
#include "engine/live/counter_state.h"
#include "storage/store.h"

namespace tamis::engine {

inline constexpr std::string_view kCounterFile = "counters.checkpoint";  // no space has this name: spaces have no dot

struct CounterFile {
  Sequence sequence = 0;
  std::uint64_t mark = 0;
  CounterState state;
};

// Replaces the file. It is synced when this returns.
Status save_counter_file(const std::filesystem::path& path, const CounterFile& file);
// not_found; corruption where the file is damaged or of another format.
Result<CounterFile> load_counter_file(const std::filesystem::path& path);

// Tells the store's history from another: of the record `sequence`. failed_precondition where the log does not have it.
Result<std::uint64_t> mark_of(const storage::Store& store, Sequence sequence);

}  // namespace tamis::engine
