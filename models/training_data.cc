#include "models/training_data.h"

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

}  // namespace tamis::models
