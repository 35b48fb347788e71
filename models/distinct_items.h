// DistinctItems: a history as solvers ask for it, each item once with its weights summed.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "models/encoder.h"

namespace tamis::models {

// A value type. Items ascend; those that were turned down stand behind the others, ascending, with weights below 0.
struct DistinctItems {
  std::vector<std::uint32_t> items;
  std::vector<float> weights;
  std::vector<std::size_t> slots;  // [history]: the place of each event's item

  // An item that is in both lists counts as liked.
  explicit DistinctItems(std::span<const HistoryEvent> history, std::span<const HistoryEvent> negatives = {});
};

// Each item once, at the place of its newest event; oldest first, at most the `limit` newest.
std::vector<std::uint32_t> newest_distinct(std::span<const HistoryEvent> history,
                                           std::size_t limit = std::numeric_limits<std::size_t>::max());

}  // namespace tamis::models
