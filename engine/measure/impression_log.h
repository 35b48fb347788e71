// ImpressionLog: takes note of what was served, attributes what people did, and counts both.
//
// A query hands its answer over and goes on: the sampled ones wait in a bounded queue (a full one drops, and counts
// what it drops) until write_pending(), which runs ten times a second in the background, puts them into the store in
// one unsynced batch. So a crash of the process loses what was served in the last tenth of a second; a power cut,
// beyond that, what the store has not synced since (any write with durability sync or interval syncs these rows, too).
// What is lost is absent as if it had not been sampled; an interaction is attributed again after a crash.
//
// Threads: on_answer() and the statistics from any thread; on_commit() from the committing thread; the rest from one
// background thread at a time. Errors: what cannot be written is counted as dropped.
#pragma once

#include <atomic>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "engine/live/impressions.h"
#include "engine/measure/attribution.h"
#include "engine/measure/funnel_activity.h"
#include "engine/measure/item_exposure.h"
#include "engine/measure/outcome_kinds.h"
#include "engine/measurement.h"
#include "engine/options.h"
#include "storage/store.h"

namespace tamis::engine {

class ImpressionLog final : public ImpressionSink, public ImpressionStatistics {
 public:
  static constexpr std::size_t kMaxContextBytes = 1'024;  // of an encoded context; larger ones are not logged
  static constexpr std::size_t kMaxShown = 2'000;         // slots that shown_to() tells

  // REQUIRES: both outlive this.
  ImpressionLog(storage::Store* store, const DatabaseOptions* options);

  // Counts what the store holds, then attributes the interactions that came after its last mark. Whatever was held
  // before is forgotten. `stop` ends it early with unavailable.
  Status recover(const std::atomic<bool>* stop);

  void on_answer(const ServedAnswer& served) override;
  // Both tell of every answer that was handed over before.
  ImpressionCounts of_item(DenseId item) const override;
  std::vector<ShownItem> shown_to(std::string_view user) const override;

  // From now on outcomes mean what `types` say; those counted before stay as they are until the next start.
  void set_types(std::shared_ptr<const InteractionTypes> types);
  void on_commit(std::span<const storage::CommittedRecord> records);
  // Leaves nothing in memory that the store could take: at close, and before the store is read. Any thread.
  void write_pending() TAMIS_EXCLUDES(write_mutex_);
  // Removes what is older than the retention, from the store and from the counts. REQUIRES: recover() was ok.
  Status prune();

  // Interactions that were taken back, ascending: what was attributed to them goes, from the store and from the counts.
  Status take_back(std::span<const Sequence> interactions);
  // Removes every list that was shown to one of them.
  Status forget_users(const std::set<std::string, std::less<>>& users);
  bool has_lists() const;

  // `listed_items`: those that can be served.
  std::vector<FunnelFigures> funnel_figures(std::uint64_t listed_items) const;
  ImpressionFigures figures() const;
  std::uint64_t memory_bytes() const;

 private:
  // An answer as the query left it.
  struct Pending {
    storage::Impression list;
    std::vector<std::string> items;
    std::uint64_t bytes() const;  // that it takes in memory, about
  };

  // Counts what waits. Const: it counts as taken in from the moment it was handed over.
  void absorb() const TAMIS_REQUIRES(state_mutex_);
  void count_list(const storage::Impression& list, std::span<const storage::Outcome> outcomes) const
      TAMIS_REQUIRES(state_mutex_);
  void forget_list(const storage::Impression& list, std::span<const storage::Outcome> outcomes)
      TAMIS_REQUIRES(state_mutex_);
  // The outcomes of a list are `after` now.
  void recount(const storage::Impression& list, std::span<const storage::Outcome> before,
               std::span<const storage::Outcome> after) TAMIS_REQUIRES(state_mutex_);
  void attribute(const storage::CommittedRecord& record, const Interaction& interaction) TAMIS_REQUIRES(state_mutex_);
  FunnelActivity::OutcomeChange take_outcome(const storage::Outcome& outcome, RecentList::Slot* slot) const
      TAMIS_REQUIRES(state_mutex_);

  storage::Store* const store_;
  const DatabaseOptions* const options_;
  mutable ItemExposure exposure_;

  // Held while a batch is written, by no query: who then reads the store finds what another thread was writing. Taken
  // before the others.
  Mutex write_mutex_;
  mutable Mutex pending_mutex_;
  mutable std::vector<Pending> pending_ TAMIS_GUARDED_BY(pending_mutex_);
  mutable std::atomic<bool> has_pending_{false};
  mutable std::atomic<std::uint64_t> waiting_bytes_{0};  // of the lists that are not written yet, absorbed or not

  mutable Mutex state_mutex_;  // taken before pending_mutex_
  mutable Attribution attribution_ TAMIS_GUARDED_BY(state_mutex_);
  mutable FunnelActivity activity_ TAMIS_GUARDED_BY(state_mutex_);
  mutable storage::ImpressionBatch unwritten_ TAMIS_GUARDED_BY(state_mutex_);
  mutable std::uint64_t unwritten_bytes_ TAMIS_GUARDED_BY(state_mutex_) = 0;  // of waiting_bytes_
  mutable OutcomeKinds kinds_ TAMIS_GUARDED_BY(state_mutex_);
  Sequence seen_through_ TAMIS_GUARDED_BY(state_mutex_) = 0;        // of the records that were committed
  TimestampMs counted_from_ms_ TAMIS_GUARDED_BY(state_mutex_) = 0;  // lists served before it are not in the counts
  mutable ImpressionFigures figures_ TAMIS_GUARDED_BY(state_mutex_);
  std::atomic<std::uint64_t> sampled_out_{0};
  mutable std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace tamis::engine
