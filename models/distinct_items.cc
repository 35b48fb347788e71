#include "models/distinct_items.h"

#include <algorithm>
#include <unordered_set>

namespace tamis::models {

DistinctItems::DistinctItems(std::span<const HistoryEvent> history, std::span<const HistoryEvent> negatives)
    : slots(history.size()) {
  for (const HistoryEvent& event : history) items.push_back(event.item);
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  weights.resize(items.size());
  for (std::size_t h = 0; h < history.size(); ++h) {
    const auto found = std::lower_bound(items.begin(), items.end(), history[h].item);
    slots[h] = static_cast<std::size_t>(found - items.begin());
    weights[slots[h]] += history[h].weight;
  }
  const std::size_t liked = items.size();
  for (const HistoryEvent& event : negatives) {
    const auto end = items.begin() + static_cast<std::ptrdiff_t>(liked);
    if (!std::binary_search(items.begin(), end, event.item)) items.push_back(event.item);
  }
  const auto first = items.begin() + static_cast<std::ptrdiff_t>(liked);
  std::sort(first, items.end());
  items.erase(std::unique(first, items.end()), items.end());
  weights.resize(items.size());
  for (const HistoryEvent& event : negatives) {
    const auto found = std::lower_bound(items.begin() + static_cast<std::ptrdiff_t>(liked), items.end(), event.item);
    if (found != items.end() && *found == event.item)
      weights[static_cast<std::size_t>(found - items.begin())] -= event.weight;
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
