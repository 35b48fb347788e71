#include "models/distinct_items.h"

#include <algorithm>
#include <unordered_set>

namespace tamis::models {

DistinctItems::DistinctItems(std::span<const HistoryEvent> history) : slots(history.size()) {
  for (const HistoryEvent& event : history) items.push_back(event.item);
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  weights.resize(items.size());
  for (std::size_t h = 0; h < history.size(); ++h) {
    const auto found = std::lower_bound(items.begin(), items.end(), history[h].item);
    slots[h] = static_cast<std::size_t>(found - items.begin());
    weights[slots[h]] += history[h].weight;
  }
}

std::vector<std::uint32_t> newest_distinct(std::span<const HistoryEvent> history, std::size_t limit) {
  std::vector<std::uint32_t> items;
  std::unordered_set<std::uint32_t> met;
  for (auto event = history.rbegin(); event != history.rend() && items.size() < limit; ++event) {
    if (met.insert(event->item).second) items.push_back(event->item);
  }
  std::reverse(items.begin(), items.end());
  return items;
}

}  // namespace tamis::models
