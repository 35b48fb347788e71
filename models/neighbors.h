// Neighbourhood models on interactions: item-kNN (Sarwar et al. 2001; Deshpande & Karypis 2004) and user-kNN.
//
// Similarity is the cosine of the (weighted) interaction vectors, optionally shrunk: s * n / (n + shrinkage) with n the
// number of co-occurrences.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct NeighborOptions {
  std::uint32_t neighbors = 100;     // kept per row, 1..10000
  double shrinkage = 0;              // >= 0
  bool binary = true;                // weights count as 1
  std::uint32_t max_row_length = 0;  // rows (users, for item-kNN) longer than this are subsampled; 0: never
};

// The top neighbours of each row: similarities > 0, best first, ties by lower id. [rows, <= neighbors], ragged.
struct NeighborTable {
  std::vector<std::uint64_t> offsets = {0};  // [rows + 1]
  std::vector<std::uint32_t> neighbor;
  std::vector<float> similarity;

  std::uint32_t rows() const { return static_cast<std::uint32_t>(offsets.size() - 1); }
  std::span<const std::uint32_t> row_neighbors(std::uint32_t row) const {
    return {neighbor.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  std::span<const float> row_similarities(std::uint32_t row) const {
    return {similarity.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
};

// Neighbours between the rows of `interactions` (users: user-kNN). For item-kNN pass the transpose.
Result<NeighborTable> train_neighbors(const InteractionMatrix& interactions, const NeighborOptions& options,
                                      const TrainControl& control);

struct ScoredId {
  std::uint32_t id = 0;
  float score = 0;
};

// Item-kNN scores: for each candidate item, the sum over the user's history of weight * similarity. Best first, at most
// k.
std::vector<ScoredId> score_item_knn(const NeighborTable& items, std::span<const std::uint32_t> history,
                                     std::span<const float> weights, std::size_t k);
// User-kNN scores: the similarity-weighted votes of neighbours for the items of their rows in `interactions`.
std::vector<ScoredId> score_user_knn(std::span<const ScoredId> similar_users, const InteractionMatrix& interactions,
                                     std::size_t k);
// The users most similar to a history that may be newer than the model (live user-kNN): cosine over `by_item`, the
// transpose [items, users], with the users' norms.
std::vector<ScoredId> find_similar_users(const InteractionMatrix& by_item, std::span<const float> user_norms,
                                         std::span<const std::uint32_t> history, std::size_t k);

}  // namespace tamis::models
