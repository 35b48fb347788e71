// Recovery: fills the LiveState of a database that has just been opened from its store and its index files.
//
// Index files that match the store are loaded and brought up to date from the log; the others are deleted and their
// indexes rebuilt from the stored vectors. Runs once, on one thread, before the first commit.
#pragma once

#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/live/live_state.h"
#include "engine/live/space_index.h"
#include "engine/recovery/counter_file.h"
#include "engine/recovery/first_seen.h"

namespace tamis::engine {

class Recovery {
 public:
  // REQUIRES: all outlive this. `stop` ends a run early with unavailable.
  Recovery(LiveState* live, const storage::Store* store, const DatabaseOptions* options,
           std::filesystem::path index_dir, const std::atomic<bool>* stop)
      : live_(live), store_(store), options_(options), index_dir_(std::move(index_dir)), stop_(stop) {}

  Status run();
  // That of the file of counters which recovery went on from; 0 where it counted every interaction.
  Sequence counted_from() const { return counted_from_; }

 private:
  struct LoadedSpace {
    std::shared_ptr<SpaceIndex> index;  // null: rebuild
    Sequence sequence = 0;              // that its files reflect
  };

  void load_files();
  Status replay_log();
  void replay(const storage::CommittedRecord& record);
  Status replay_vector(const storage::CommittedRecord& record, LoadedSpace* space);
  Status load_entities(EntityKind kind);
  Status load_types();
  Status count_interactions();
  Status count_all();
  // Counts on from the file of counters. not_found without one; else why it does not do.
  Status count_from_file();
  Status count_log(Sequence from, std::vector<storage::CommittedRecord> changes);
  Status publish_spaces();
  bool matches_store(const LoadedSpace& loaded, std::uint64_t stored_vectors) const;
  VectorRefusals refusals_of(const Space& space) const;  // sets them aside
  Status load_funnels();
  Status check_stop() const;

  LiveState* live_;
  const storage::Store* store_;
  const DatabaseOptions* options_;
  std::filesystem::path index_dir_;
  const std::atomic<bool>* stop_;
  FirstSeen first_seen_;
  std::map<std::string, LoadedSpace> spaces_;
  std::future<Result<CounterFile>> counter_file_;  // read meanwhile
  Sequence counted_from_ = 0;
};

}  // namespace tamis::engine
