// CommitQueue: the one committing thread. It groups the writers that wait into one batch and one fsync, has the
// listener apply what was committed, and then acknowledges each writer.
//
// Thread-safe. The queue is bounded; a full one refuses with unavailable (HTTP 503 with Retry-After).
// After a commit whose outcome is unknown (a failed fsync) it answers unavailable, reopens the store, hands the
// listener the log records that it missed, and resumes by itself.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "common/records.h"
#include "common/status.h"
#include "storage/store.h"

namespace tamis::storage {

// Applies committed records to state derived from the log (counters, indexes). Called by the committing thread only, in
// sequence order, before the writers are acknowledged: so an acknowledged write is visible to the next read.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void on_commit(std::span<const CommittedRecord> records) = 0;
};

struct CommitQueueOptions {
  std::size_t max_pending_mutations = 200'000;  // over all waiting writers
  std::size_t max_group_mutations = 20'000;     // in one WriteBatch
  std::int64_t interval_ms = 50;                // fsync period for Durability::kInterval
};

class CommitQueue {
 public:
  using Callback = std::function<void(Result<WriteAck>)>;  // called on the committing thread: must not block

  // REQUIRES: store and listener outlive the queue.
  CommitQueue(Store* store, CommitListener* listener, const CommitQueueOptions& options);
  ~CommitQueue();  // drains: every accepted write is committed and answered

  // Takes a write; `done` is called exactly once, also where the write is refused.
  void submit(std::vector<Mutation> mutations, Durability durability, Callback done);
  // The same, waiting for the answer.
  Result<WriteAck> commit(std::vector<Mutation> mutations, Durability durability);

  std::size_t pending_mutations() const;
  // Runs `work` on the committing thread between two groups (a consistent cut over store and derived state).
  void run_exclusive(const std::function<void()>& work);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::storage
