// Hold-out by time: learn from what happened before a moment, predict what happened after it.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/ranking_evaluation.h"
#include "models/rating.h"

namespace tamis::models {

struct TimedInteraction {
  std::uint32_t user = 0;
  std::uint32_t item = 0;
  float weight = 1;
  TimestampMs timestamp_ms = 0;
  float rating = kNoRating;  // of an explicit judgement, as it was given
  // What popularity counts of it, which knows no user's mean: below 0 against the item; as much as `weight` where it is
  // not given.
  float popularity = kNoRating;

  // By its meaning alone: what a hold-out asks for.
  bool is_liked() const { return std::isnan(popularity) ? weight > 0 : popularity > 0; }
};

struct TimeSplit {
  InteractionMatrix train;  // [users, items]: what happened before cut_ms
  InteractionMatrix
      relevant;            // [users, items]: per user, liked items of the tail that the user had not met in the head
  TimestampMs cut_ms = 0;  // the first moment of the tail

  // The users with a history in the head and new items in the tail. REQUIRES: this split outlives them.
  std::vector<EvaluationCase> cases() const;
};

// Splits at the timestamp below which `head_share` of the interactions lie; interactions of one moment stay on one side
// (the tail's). Errors: invalid_argument (head_share outside 0..1 exclusive, an id out of range),
// failed_precondition (no cut leaves both sides with interactions).
Result<TimeSplit> split_by_time(std::span<const TimedInteraction> interactions, std::uint32_t users,
                                std::uint32_t items, double head_share);

}  // namespace tamis::models
