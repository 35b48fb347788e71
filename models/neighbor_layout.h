// Points in two dimensions of whom neighbours stay neighbours, for maps that people look at: UMAP (McInnes, Healy &
// Melville 2018, arXiv:1802.03426), from neighbours that somebody else has found and a start that somebody else gives.
//
// One thread; deterministic by its arguments. epochs * edges * (1 + negatives) steps of some nanoseconds each: a second
// for 5,000 points, half a minute for 100,000.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "models/scored_id.h"
#include "models/train_control.h"

namespace tamis::models {

struct NeighborLayoutOptions {
  std::uint32_t epochs = 0;     // 0: 500 for up to 10,000 points, 200 for more
  std::uint32_t negatives = 5;  // points pushed away for each one that is drawn near
  double rate = 1;              // of the first epoch's steps, falling to 0; less keeps points nearer to their start
  std::uint64_t seed = 42;
};

// `neighbors[i]` are those of point i: other points by number, with the distance to each (>= 0) as score, in any order.
// `start` is [points]. A point without neighbours stays about where it started. Errors: those of control.check().
// REQUIRES: neighbors.size() == start.size(), ids below it, finite numbers.
Result<std::vector<std::array<float, 2>>> lay_out_neighbors(std::span<const std::vector<ScoredId>> neighbors,
                                                            std::vector<std::array<float, 2>> start,
                                                            const NeighborLayoutOptions& options,
                                                            const TrainControl& control);

}  // namespace tamis::models
