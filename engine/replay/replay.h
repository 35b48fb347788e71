// Replay: answers requests as they were answered in the past, from the log.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "common/mutex.h"
#include "engine/learn/trainer.h"
#include "engine/options.h"
#include "engine/requests.h"
#include "storage/store.h"

namespace tamis::engine {

// Thread-safe: one replay at a time, others wait.
class Replay {
 public:
  // REQUIRES: store and trainer outlive this.
  Replay(const storage::Store* store, Trainer* trainer, const DatabaseOptions& options);
  ~Replay();

  // The answer as of request.as_of_sequence under request.generation, by the clock request.as_of_ms, with the chance of
  // request.recommendation_id. Equal to the past one to the bit where RecommendAnswer::is_exact holds (of this answer:
  // it would have held then). Nothing is logged.
  // invalid_argument (no time, a sequence that is yet to come), not_found (a generation that is not kept any more),
  // failed_precondition (the log does not reach back), resource_exhausted (more than MemoryOptions::replay_bytes).
  Result<RecommendAnswer> recommend(const RecommendRequest& request);
  // Drops what was rebuilt: the store lost its tail.
  void forget();
  // What the rebuilt past holds, as it was measured last. Does not wait for a replay.
  std::uint64_t memory_bytes() const { return memory_bytes_.load(std::memory_order_relaxed); }

 private:
  class Past;  // the database as of a sequence

  Status roll_to(Sequence sequence) TAMIS_REQUIRES(mutex_);
  // Measures, and refuses what is more than the budget.
  Status check_memory(const Past& past);
  void drop() TAMIS_REQUIRES(mutex_);

  const storage::Store* store_;
  Trainer* trainer_;
  const DatabaseOptions& options_;
  Mutex mutex_;
  std::unique_ptr<Past> past_ TAMIS_GUARDED_BY(mutex_);
  std::atomic<std::uint64_t> memory_bytes_{0};
};

}  // namespace tamis::engine
