// What the events of one user come to: the one rule behind popular, trending, histories, fold-in, training, what was
// seen, experiments and evaluation. Pure functions; thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "engine/interactions/rating_scales.h"
#include "engine/interactions/type_rules.h"

namespace tamis::engine {

inline constexpr double kNoValue = std::numeric_limits<double>::quiet_NaN();

// One event as its meaning depends on it.
struct MeantEvent {
  DenseId item = kNoDenseId;
  const TypeRule* rule = nullptr;
  double value = kNoValue;  // NaN: none
  TimestampMs timestamp_ms = 0;
};

struct EventWeight {
  double weight = 0;     // above 0 for the item, below 0 against it; 0 where the event does not count
  bool counts = false;   // no other event of the same item took its place or took it back
  double uncentred = 0;  // the same without `scales` (below)
};

// What each event of one user weighs, in their order. `events` are in the order of
// time, of one moment in the order of their commits. Events of different items do not touch each other.
//
//   repeats  newest: an event takes the place of those before it; first and capped: later ones count nothing
//   undo     a type that undoes others ends their newest state, or takes back their newest act; with a count or an
//            amount it takes back that much, the newest first, and what is left of an act counts whole
//   sign     the events of an item have one sign: what speaks for it and what speaks against it cancel out
//   value    a count or an amount below 0 takes back acts of its own type in the same way; without such a unit, one act
// O(events log events).
//
// With `scales`, which say how ratings spread, the ratings that count are compared with the user's mean
// (models/rating_mean.h): one at the mean weighs kRatingAtTheMean times its type's weight, one a deviation above it
// twice that, and one more than a deviation below it speaks against its item. The thresholds of the type play no part
// in that; a type without a scale is weighed by them.
std::vector<EventWeight> weigh_events(std::span<const MeantEvent> events, const RatingScales* scales = nullptr);

inline constexpr double kRatingAtTheMean = 2;

// What one user's events of one item come to.
struct Preference {
  double weight = 0;             // the sum of the signed weights
  std::optional<double> rating;  // of the newest rating that counts, as it was given
  TimestampMs newest_ms = 0;     // of the newest event, whatever it means; impressions left out
  bool is_seen = false;          // some event is more than an impression
  bool is_excluded = false;      // a negative event that excludes its item counts: disliked or hidden
};

struct ItemPreference {
  DenseId item = kNoDenseId;
  Preference preference;
};

// One for each item that the events name, by ascending item. `events` as above.
std::vector<ItemPreference> weigh_items(std::span<const MeantEvent> events);

// The same for events that all name one item.
Preference weigh_pair(std::span<const MeantEvent> events);

}  // namespace tamis::engine
