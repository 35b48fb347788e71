// A random interaction matrix with two planted tastes, for tests.
#pragma once

#include "common/random.h"
#include "models/interaction_matrix.h"

namespace tamis::models {

// Even users like even items, odd users odd ones, nine times in ten. `per_user` draws with weights 1..3.
inline InteractionMatrix random_interactions(std::uint32_t users, std::uint32_t items, std::uint32_t per_user,
                                             std::uint64_t seed) {
  Random random(seed);
  std::vector<WeightedPair> pairs;
  for (std::uint32_t user = 0; user < users; ++user) {
    for (std::uint32_t i = 0; i < per_user; ++i) {
      std::uint32_t item = random.below(items);
      if (random.uniform() < 0.9 && item % 2 != user % 2) item = (item + 1) % items;
      pairs.push_back({.row = user, .column = item, .weight = static_cast<float>(1 + random.below(3))});
    }
  }
  return make_interaction_matrix(users, items, pairs);
}

}  // namespace tamis::models
