// Importance neighbours: the items that short random walks from an item visit most (Ying et al. 2018,
// arXiv:1806.01973, section 3.1, "importance-based neighborhoods").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/nn/embedding_bag.h"
#include "models/train_control.h"

namespace tamis::models {

struct WalkOptions {
  std::uint32_t walks = 100;     // from each item
  std::uint32_t length = 3;      // steps of a walk, each to a user of the item and on to an item of that user
  std::uint32_t neighbors = 10;  // the most visited, kept as neighbours
  std::uint32_t related = 50;    // those that follow them: hard negatives
  std::uint64_t seed = 42;
};

struct WalkNeighbors {
  nn::Bags neighbors;                  // by item: ids and their share of the kept visits, most visited first
  std::vector<std::uint32_t> offsets;  // [items + 1]
  std::vector<std::uint32_t> related;  // by item, most visited first
  std::span<const std::uint32_t> related_to(std::uint32_t item) const {
    return std::span(related).subspan(offsets[item], offsets[item + 1] - offsets[item]);
  }
};

// `interactions` [users, items] and `by_item`, its transpose. Ties go to the lower id. An item that nobody met has
// none. Deterministic by seed for any number of threads. Errors: those of parallel_blocks().
Result<WalkNeighbors> walk_neighbors(const InteractionMatrix& interactions, const InteractionMatrix& by_item,
                                     const WalkOptions& options, const TrainControl& control);

}  // namespace tamis::models
