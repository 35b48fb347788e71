// HistoryCache: the recent interactions of active users, newest first; loaded from the store on a miss, extended by
// every commit, bounded in bytes (least recently used goes first).
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"
#include "engine/interactions/interaction_types.h"
#include "engine/requests.h"
#include "storage/store.h"

namespace tamis::engine {

struct HistoryEvent {
  DenseId item = kNoDenseId;
  storage::InteractionTypeId type = 0;
  float value = 1;  // NaN where the interaction has none
  TimestampMs timestamp_ms = 0;
};

// The value of an interaction as an event holds it: NaN where it has none, and within the range of a float.
inline float history_value(std::optional<double> value) {
  constexpr double kLargest = 3e38;
  if (!value) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>(std::clamp(*value, -kLargest, kLargest));
}

struct UserHistory {
  std::vector<HistoryEvent> events;  // newest first, at most DatabaseOptions::max_history
  std::vector<DenseId> seen;         // every item of the user's whole history, ascending, unique; impressions left out
  std::vector<DenseId> excluded;     // the disliked and hidden ones among them, likewise
};

// Thread-safe.
class HistoryCache {
 public:
  HistoryCache(const storage::Store* store, std::size_t max_events, std::uint64_t capacity_bytes,
               std::shared_ptr<const InteractionTypes> types = InteractionTypes::built_in());
  ~HistoryCache();

  // Never null; empty for kNoDenseId and for a user without interactions.
  Result<std::shared_ptr<const UserHistory>> get(DenseId user);
  // The seen items restricted to interactions of the given types. `types` is not empty. Reads the store.
  Result<std::vector<DenseId>> seen_of_types(DenseId user, const std::vector<storage::InteractionTypeId>& types) const;

  // Called by the committing thread for each committed interaction, in the order of sequences. The store shows an
  // interaction before this is called: a history that was loaded in between holds it already, and keeps it once.
  void on_interaction(DenseId user, const HistoryEvent& event, Sequence sequence);
  void on_user_deleted(DenseId user);
  // What events mean has changed: everything is loaded again.
  void set_types(std::shared_ptr<const InteractionTypes> types);
  std::uint64_t memory_bytes() const;
  CacheFigures figures() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::engine
