// CounterState: what a scan of every interaction would tell, as LiveState::save_counters() gives it and a file keeps it
// (engine/recovery/counter_file.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "engine/interactions/rating_range.h"
#include "engine/live/item_counter.h"
#include "engine/live/item_statistics.h"

namespace tamis::engine {

struct CounterState {
  std::string
      meaning;  // what counts depend on beside the interactions: their types, options. Equal texts, equal counts
  ItemStatistics::Saved statistics;
  ItemCounter::Saved counter;
  std::vector<std::uint64_t> counts_by_type;
  RecentRatings::Saved ratings;
  std::vector<std::string> set_aside;    // interactions, as Quarantine names them
  std::vector<std::string> user_fields;  // what filters asked for (AttributeIndex::prepared_fields)
  std::vector<std::string> item_fields;
};

}  // namespace tamis::engine
