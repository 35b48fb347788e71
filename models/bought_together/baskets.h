// Baskets: which events belong to one purchase.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/training_data.h"

namespace tamis::models {

struct BasketOptions {
  // Names of the interaction types that count as buying, separated by commas. Empty: purchase, order, buy, bought and
  // transaction; where the data have none of them, the events that name a basket.
  std::string types;
  double gap_minutes = 30;      // events of one user that name no basket share one up to this gap; 0..100000
  std::uint32_t most = 10'000;  // distinct items; a larger basket is left out; 2..1000000
};

// [baskets, items], weights 1: the baskets of two items or more. An event that names a basket (TrainingData::
// event_baskets) belongs to it; others are joined by time. failed_precondition where there is no such basket: its
// message says what was looked for.
Result<InteractionMatrix> make_baskets(const TrainingData& data, const BasketOptions& options);

}  // namespace tamis::models
