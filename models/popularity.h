// What is liked by many: weighted counts (popular) and counts that fade with time (trending).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/clock.h"
#include "models/interaction_matrix.h"
#include "models/scored_id.h"

namespace tamis::models {

// The sum of weights per column of `interactions` (users x items): [columns].
std::vector<float> popularity_scores(const InteractionMatrix& interactions);

// The best k ids of `scores` above 0, best first, ties by lower id.
std::vector<ScoredId> top_scores(std::span<const float> scores, std::size_t k);

// Trending: an item's score at time t is the sum over its interactions of weight * 2^-((t - timestamp) / half_life).
//
// All scores fade by the same factor, so the order between items changes only when an interaction arrives: each item
// keeps log2 of the sum of weight * 2^(timestamp / half_life), to which an interaction is added in O(1), and nothing is
// ever re-scanned. Interactions may come in any order of time. Externally synchronised.
class TrendingCounts {
 public:
  // REQUIRES: half_life_s > 0.
  explicit TrendingCounts(double half_life_s);
  // Takes up the saved log_sums() of the same half-life.
  TrendingCounts(double half_life_s, std::vector<double> log_sums);

  // Counts an interaction with `item`; ids may come in any order. Weights of 0 and below are ignored.
  void add(std::uint32_t item, double weight, TimestampMs timestamp_ms);
  // The score at `now_ms`; 0 for an item never seen. Timestamps after now_ms count more than their weight.
  double score(std::uint32_t item, TimestampMs now_ms) const;
  // The best k at `now_ms`, best first. O(items).
  std::vector<ScoredId> top(std::size_t k, TimestampMs now_ms) const;

  double half_life_s() const { return half_life_ms_ / 1000; }
  // [items], minus infinity where an item was never seen. An item's place in the order, whatever the time.
  std::span<const double> log_sums() const { return log_sums_; }

 private:
  double half_life_ms_;
  std::vector<double> log_sums_;
};

}  // namespace tamis::models
