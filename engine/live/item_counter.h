// ItemCounter: keeps ItemStatistics at what the interactions in the store come to by their meaning.
//
// What a user's events of an item count depends on all of them (engine/interactions), and repeats of a day count once
// (DatabaseOptions::daily_repeats). So an event may change what earlier ones counted. Most events change nothing: the
// first of their user and item, and plain acts of another day. A filter in memory knows those; for the others the
// user's events are read, from a cache or from the store, and the difference is applied. So the counts are those of a
// rebuild, whatever the order of arrival.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/interactions/stored_types.h"
#include "engine/interactions/weigh_events.h"
#include "engine/live/item_statistics.h"
#include "engine/live/pair_filter.h"
#include "engine/options.h"
#include "engine/serving/bounded_cache.h"
#include "storage/store.h"

namespace tamis::engine {

// Of the thread that applies commits alone, but for memory_bytes(), which any thread may ask.
class ItemCounter {
 public:
  // REQUIRES: all outlive this.
  ItemCounter(const DatabaseOptions* options, const storage::Store* store, ItemStatistics* statistics,
              std::shared_ptr<const InteractionTypes> types);

  // Before the records of one group are applied, in their order: the store holds what all of them came to.
  void begin_group(std::span<const storage::CommittedRecord> records);
  // An interaction that was committed.
  void add(const storage::StoredInteraction& event);
  // A record that deleted interactions or moved them to another user.
  void apply_change(const storage::CommittedRecord& record);

  // Recovery: all events of one user, in any order.
  void load_user(std::vector<storage::StoredInteraction> events);
  // Before the first event.
  void set_types(std::shared_ptr<const InteractionTypes> types);

  // From now on events mean what `types` say. Those counted before follow user by user in recount_some().
  void change_types(std::shared_ptr<const InteractionTypes> types);
  // Recounts about `events` events. True when all is counted by the newest types. A user whose events cannot be read is
  // named in the log and stays as it was.
  bool recount_some(std::size_t events);
  bool is_recounting() const { return next_ != nullptr; }

  // What a file keeps beside ItemStatistics::Saved.
  struct Saved {
    // An interaction that is dated ahead of the clock counts as of the moment when it was counted.
    struct Ahead {  // persistent
      TimestampMs timestamp_ms = 0;
      TimestampMs counted_ms = 0;
      double weight = 0;
      std::uint64_t item = 0;
      bool operator==(const Ahead&) const = default;
    };
    std::vector<Ahead> ahead;
    std::vector<PairFilter::Layer> layers;
  };
  Saved save() const;
  // Takes the place of what is known of earlier events. The statistics are loaded already.
  void load(Saved saved);
  // False where load() would not lead to what load_user() of all users leads to.
  bool can_be_saved() const { return next_ == nullptr && !has_forgotten_; }
  const InteractionTypes& types() const { return *current_->types; }

  std::uint64_t memory_bytes() const { return filter_bytes_.load(std::memory_order_relaxed) + users_.memory_bytes(); }

 private:
  // An event as weighing needs it.
  struct Event {
    DenseId item = kNoDenseId;
    storage::InteractionTypeId type = 0;
    double value = kNoValue;
    TimestampMs timestamp_ms = 0;
    Sequence sequence = 0;
  };
  using Events = std::vector<Event>;  // of one user, oldest first
  struct Meaning {
    std::shared_ptr<const InteractionTypes> types;
    TypeRules rules;
  };

  static Event event_of(const storage::StoredInteraction& stored);
  static bool comes_before(const Event& a, const Event& b);
  static void insert(Events* events, const Event& event);

  Meaning make_meaning(std::shared_ptr<const InteractionTypes> types) const;
  TypeRules& rules_of(DenseId user);
  // What each event adds to its item.
  std::vector<double> counts_of(std::span<const Event> events, TypeRules* rules) const;
  // Both in the order of time; what is in both is told by its sequence.
  void apply_difference(std::span<const Event> before, std::span<const double> before_counts,
                        std::span<const Event> after, std::span<const double> after_counts);
  void change(DenseId item, double weight, TimestampMs timestamp_ms, bool add);
  // Events whose time has come count as of that time, as they will after a restart.
  void settle(TimestampMs now_ms);
  void remember(DenseId user, const Event& event, const TypeRule& rule);
  // Those of `item` among the user's events before the commit `at`.
  Events events_of_item(DenseId user, DenseId item, Sequence at);
  // The user's events as they stood right before the commit `at`.
  Events read_events(DenseId user, Sequence at);
  void recount_user(DenseId user, const Events& before, const Events& after);

  // A record of the group that took events from a user, and who has them now.
  struct Edit {
    Sequence sequence = 0;
    DenseId to = kNoDenseId;  // none: they were deleted
    std::span<const storage::StoredInteraction> rows;
  };

  const DatabaseOptions* const options_;
  const storage::Store* const store_;
  ItemStatistics* const statistics_;
  std::unique_ptr<Meaning> current_;
  std::unique_ptr<Meaning> next_;                   // of users below recounted_; null where no recount is under way
  std::shared_ptr<const InteractionTypes> wanted_;  // after that recount; null: `next_` is the newest
  DenseId recounted_ = 0;
  std::vector<Edit> edits_;                         // of the group that is applied; what they point to lives as long
  std::multimap<TimestampMs, Saved::Ahead> ahead_;  // by their own time
  bool has_forgotten_ = false;                      // there were more of them than are kept, or events were not read
  PairFilter filter_;
  std::atomic<std::uint64_t> filter_bytes_{0};  // as any thread may read it
  BoundedCache<DenseId, Events> users_;
};

}  // namespace tamis::engine
