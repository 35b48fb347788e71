// RankWorld: a training set by user and by item over time, so that anything can be asked as of any moment: what a user
// had done by then, how popular an item was. What comes later never shows.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/learn/dataset.h"
#include "engine/options.h"
#include "engine/serving/rank_query.h"

namespace tamis::engine {

// How the database counts, so that what is learned means the same when it serves.
struct RankClock {
  double trend_half_life_s = 7 * 86'400.0;  // DatabaseOptions::trending_half_life_s
  std::uint32_t daily_repeats = 0;          // DatabaseOptions::daily_repeats
  std::string listed_field = "listed_at";   // DatabaseOptions::latest_field
};

inline RankClock rank_clock(const DatabaseOptions& options) {
  return {.trend_half_life_s = options.trending_half_life_s,
          .daily_repeats = options.daily_repeats,
          .listed_field = options.latest_field};
}

// Immutable; thread-safe. REQUIRES: the dataset outlives it.
class RankWorld {
 public:
  RankWorld(const Dataset& dataset, const RankClock& clock);

  const Dataset& dataset() const { return dataset_; }
  // The user's newest kMaxRankedHistory events before `time_ms`, oldest first.
  std::span<const RankEvent> history(std::uint32_t user, TimestampMs time_ms) const;
  // All events of the user, oldest first; and their places in dataset().events.
  std::span<const RankEvent> events(std::uint32_t user) const;
  std::span<const std::uint32_t> positions(std::uint32_t user) const;

  // What the user turned down within [begin_ms, end_ms), ascending, unique.
  std::vector<std::uint32_t> turned_down(std::uint32_t user, TimestampMs begin_ms, TimestampMs end_ms) const;

  // The item as a candidate at that time: counts of what came before.
  RankCandidate candidate(std::uint32_t item, TimestampMs time_ms) const;
  // Whether it was there: listed or met before.
  bool is_there(std::uint32_t item, TimestampMs time_ms) const;

  const Features* item_features(std::uint32_t item) const;
  const Features* user_features(std::uint32_t user) const;

 private:
  struct Moment {
    TimestampMs timestamp_ms = 0;
    double popularity = 0;  // with this interaction; below 0 where more counts against the item
    double trend = 0;       // at that time, with this interaction
  };
  // What came of each item over time: its events and what counts against it.
  void count_moments(const RankClock& clock);
  const Moment* last_before(std::uint32_t item, TimestampMs time_ms) const;

  const Dataset& dataset_;
  double half_life_ms_;
  std::vector<std::size_t> user_offsets_;
  std::vector<RankEvent> user_events_;
  std::vector<std::uint32_t> user_positions_;
  std::vector<std::vector<models::TimedInteraction>> negatives_;  // [users], by time; empty where there are none at all
  std::vector<std::size_t> item_offsets_;
  std::vector<Moment> moments_;
  std::vector<TimestampMs> listed_ms_;  // [items], 0 where unknown
};

}  // namespace tamis::engine
