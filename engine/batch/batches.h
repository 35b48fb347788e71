// Batches: the batches of one database: starts, runs, resumes, lists and removes them.
//
// Thread-safe. One batch runs at a time, on a thread of lower priority; queries do not wait for it. It writes through a
// state that it pins when it begins, so that one generation and one set of funnels make all of its lists.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "engine/batch.h"
#include "engine/batch/batch_files.h"
#include "engine/learn/job_queue.h"
#include "engine/live/read_state.h"
#include "engine/observer.h"

namespace tamis::engine {

class Batches {
 public:
  struct Source {
    std::function<std::shared_ptr<const ReadState>()> pin;
    std::function<Sequence()> sequence;  // of the last visible write
    Observer* observer = nullptr;        // may be null
  };
  static constexpr std::string_view kPrefix = "b";  // of the ids

  // Under `dir`, which need not exist. REQUIRES: clock and what `source` calls outlive this.
  Batches(std::filesystem::path dir, const Clock* clock, Source source);
  ~Batches();

  // Queues what an earlier process left unfinished. Call it once, when queries can be answered.
  void resume();
  // What runs is interrupted, to go on after the next start.
  void shut_down();

  // not_found at "funnel" or "space"; io_error, resource_exhausted; unavailable where too many wait.
  Result<Batch> start(const BatchRequest& request);
  Result<Batch> get(std::string_view id) const;
  Result<std::vector<Batch>> list() const;  // newest first
  Status remove(std::string_view id);
  // Takes the lists of these users out of all files. What runs is waited for, block by block.
  Status erase_users(const std::set<std::string, std::less<>>& users);

  JobQueue& jobs() { return queue_; }
  const JobQueue& jobs() const { return queue_; }

 private:
  Result<Batch> submit(std::uint64_t number, const Batch& batch);
  Result<std::string> run(JobRun& job, const std::string& id);
  Result<std::string> make_lists(JobRun& job, BatchState* state);
  // The lists of the next entities, up to `limit` of them; their lines.
  Status make_block(const ReadState& pinned, JobRun& job, std::size_t limit, BatchState* state, std::string* lines);
  Status save(const BatchState& state, const std::string& lines);
  std::filesystem::path path_of(std::string_view id) const { return dir_ / std::string(id); }
  bool is_id(std::string_view id) const;

  const std::filesystem::path dir_;
  const Clock* clock_;
  const Source source_;
  std::atomic<bool> stopping_{false};
  mutable Mutex mutex_;  // of the files
  std::uint64_t last_number_ TAMIS_GUARDED_BY(mutex_) = 0;
  JobQueue queue_;
};

}  // namespace tamis::engine
