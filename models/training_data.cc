#include "models/training_data.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace tamis::models {

InteractionMatrix TrainingData::matrix() const {
  std::vector<WeightedPair> pairs;
  pairs.reserve(events.size());
  for (const TimedInteraction& event : events)
    pairs.push_back({.row = event.user, .column = event.item, .weight = event.weight});
  return make_interaction_matrix(users, items, std::move(pairs));
}

std::vector<std::uint32_t> TrainingData::pair_contexts(const InteractionMatrix& matrix) const {
  std::vector<std::uint32_t> pairs(contexts.empty() ? 0 : matrix.nonzeros());
  for (std::size_t e = 0; e < events.size() && !pairs.empty(); ++e) {
    const std::span<const std::uint32_t> row = matrix.row_columns(events[e].user);
    const auto place = std::lower_bound(row.begin(), row.end(), events[e].item) - row.begin();
    pairs[matrix.offsets[events[e].user] + static_cast<std::size_t>(place)] = event_contexts[e];
  }
  return pairs;
}

}  // namespace tamis::models
