// Served lists as examples: what was shown, and what came of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "common/status.h"
#include "engine/learn/rank_lists.h"
#include "storage/store.h"

namespace tamis::engine {

// An answer of the past in rows of a dataset; items and users that it does not hold are left out.
struct ServedList {
  struct Outcome {
    std::uint32_t slot = 0;  // of items
    std::uint32_t type = 0;  // of Dataset::types
    float value = 1;
  };
  std::uint32_t user = 0;
  TimestampMs served_ms = 0;
  Features context;  // of the request
  std::vector<std::uint32_t> items;
  std::vector<Outcome> outcomes;
};

// In the order of time. unavailable once cancelled; io_error, corruption.
Result<std::vector<ServedList>> load_served_lists(const storage::Store& store, const Dataset& dataset,
                                                  const std::atomic<bool>* cancelled);

// Those of a window as lists to learn from, also the ones of which nothing came: they are what a click is rare among.
// At most `most`, the newest. `served` outlives them.
std::vector<RankList> make_served_lists(const std::vector<ServedList>& served, const RankWindow& window,
                                        const std::vector<RankObjective>& objectives, std::size_t most);
// How many slots of the lists reached an objective.
std::size_t count_positives(const std::vector<RankList>& lists);

}  // namespace tamis::engine
