#include "models/training_data.h"

#include <algorithm>
#include <vector>

namespace tamis::models {

namespace {

InteractionMatrix without_zeros(const InteractionMatrix& all) {
  InteractionMatrix kept{.rows = all.rows, .columns = all.columns, .offsets = {0}, .column = {}, .weight = {}};
  kept.offsets.reserve(all.offsets.size());
  for (std::uint32_t row = 0; row < all.rows; ++row) {
    for (std::uint64_t i = all.offsets[row]; i < all.offsets[row + 1]; ++i) {
      if (all.weight[i] == 0) continue;
      kept.column.push_back(all.column[i]);
      kept.weight.push_back(all.weight[i]);
    }
    kept.offsets.push_back(kept.column.size());
  }
  return kept;
}

}  // namespace

InteractionMatrix TrainingData::matrix() const {
  return gather_interaction_matrix(users, items, [&](const PairVisitor& visit) {
    for (const TimedInteraction& event : events)
      visit({.row = event.user, .column = event.item, .weight = event.weight});
  });
}

InteractionMatrix TrainingData::signed_matrix() const {
  if (negatives.empty()) return matrix();
  return without_zeros(gather_interaction_matrix(users, items, [&](const PairVisitor& visit) {
    for (const TimedInteraction& event : events)
      visit({.row = event.user, .column = event.item, .weight = event.weight});
    for (const TimedInteraction& event : negatives)
      visit({.row = event.user, .column = event.item, .weight = -event.weight});
  }));
}

const InteractionMatrix& TrainingData::signed_matrix(InteractionMatrix* made) const {
  if (known_matrix != nullptr) return *known_matrix;
  *made = signed_matrix();
  return *made;
}

InteractionMatrix TrainingData::disliked_matrix() const {
  if (negatives.empty()) return make_interaction_matrix(users, items, {});
  InteractionMatrix made;
  return signed_matrix(&made).disliked();
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
