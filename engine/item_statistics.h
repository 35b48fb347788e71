// ItemStatistics: live counts behind `popular`, `trending` and `latest`, kept up with every commit.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "models/neighbors.h"

namespace tamis::engine {

// Thread-safe: readers beside one writer. Lists are ordered best first and are refreshed within a second of a change.
class ItemStatistics {
 public:
  explicit ItemStatistics(double half_life_s);
  ~ItemStatistics();

  using Ranking = std::shared_ptr<const std::vector<models::ScoredId>>;  // never null
  Ranking popular() const;                                               // score: weighted count of interactions
  Ranking trending(TimestampMs now_ms) const;  // score: weighted count decayed by half_life_s at now_ms
  Ranking latest() const;                      // score: Unix ms of the listing
  double popularity(DenseId item) const;

  // Writer only.
  void add(DenseId item, double weight, TimestampMs timestamp_ms);
  void set_listed(DenseId item, TimestampMs listed_ms);
  void remove(DenseId item);
  std::uint64_t memory_bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::engine
