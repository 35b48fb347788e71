// CommitQueue: the one committing thread. It groups the writers that wait into one batch and one fsync, has the
// listener apply what was committed, and then acknowledges each writer.
//
// Thread-safe. The queue is bounded in mutations and in bytes; a full one refuses with unavailable (HTTP 503 with
// Retry-After).
// After a commit whose outcome is unknown (a failed fsync, an exception of the store or the listener) it answers
// unavailable, reopens the store, has the listener start over where it has not seen just what is there, and resumes by
// itself.
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
  // Duplicates are left out.
  virtual void on_commit(std::span<const CommittedRecord> records) = 0;
  // After a reopen that lost writes which nobody had asked to sync (kInterval, kNone) or found some whose outcome was
  // unknown, or after an exception of the listener: the store ends with `last_sequence` now. State derived
  // from the log must be built again from the store. Dense ids past the store's id tables are void.
  virtual void on_rewind(Sequence last_sequence) { (void)last_sequence; }
};

struct CommitQueueOptions {
  std::size_t max_pending_mutations = 200'000;     // over all waiting writers
  std::uint64_t max_pending_bytes = 128ull << 20;  // the same, as memory_bytes() of mutation_bytes.h counts
  std::size_t max_group_mutations = 20'000;        // in one WriteBatch
  std::uint64_t max_group_bytes = 32ull << 20;     // the same; a larger write is a group by itself
  std::int64_t interval_ms = 50;                   // fsync period for Durability::kInterval
};

class CommitQueue {
 public:
  // Called on the committing thread, or for a refusal at the door by submit() itself. Must not block.
  using Callback = std::function<void(Result<WriteAck>)>;

  // REQUIRES: store and listener outlive the queue; the listener has seen the log up to store->last_sequence(); nobody
  // else commits to the store meanwhile. `listener` may be null.
  CommitQueue(Store* store, CommitListener* listener, const CommitQueueOptions& options);
  ~CommitQueue();  // drains: every accepted write is committed and answered

  // Takes a write; `done` is called exactly once, also where the write is refused. A write larger than the whole queue
  // is taken when the queue is empty.
  void submit(std::vector<Mutation> mutations, Durability durability, Callback done);
  // The same, waiting for the answer.
  Result<WriteAck> commit(std::vector<Mutation> mutations, Durability durability);

  std::size_t pending_mutations() const;
  std::uint64_t pending_bytes() const;  // of what waits and of the group that is being committed
  // Runs `work` on the committing thread between two groups (a consistent cut over store and derived state). What it
  // throws is thrown here.
  void run_exclusive(const std::function<void()>& work);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::storage
