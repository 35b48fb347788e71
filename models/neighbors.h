// Neighbourhood models on interactions: item-kNN (Sarwar et al. 2001; Deshpande & Karypis 2004) and user-kNN.
//
// Similarity of two rows a and b is the cosine of their (weighted) interaction vectors; what was turned down has a
// negative entry, so that rows are alike where they agree and unlike where they do not. With four published variations,
// all off by default:
//   column weights       each column counts by (its number of interactions)^-column_weight_exponent, so that what
//                        everyone has says less (Breese, Heckerman & Kadie 1998, "inverse user frequency")
//   asymmetric cosine    a.b / (|a|^(2 asymmetry) * |b|^(2 - 2 asymmetry)), a the row that asks (Aiolli 2013)
//   shrinkage            times n / (n + shrinkage), n the number of columns in common (Bell & Koren 2007)
//   similarity exponent  raised to a power, so that the nearest weigh more (Aiolli 2013, "locality")
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/ids.h"
#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/scored_id.h"
#include "models/train_control.h"

namespace tamis::models {

struct NeighborOptions {
  std::uint32_t neighbors = 100;      // kept per row, 1..10000
  double shrinkage = 0;               // >= 0
  bool binary = true;                 // weights count as 1, those below 0 as -1
  double disliked_weight = 0.5;       // what was turned down counts times this, beside what is liked; >= 0
  std::uint32_t max_row_length = 0;   // rows (users, for item-kNN) longer than this are subsampled; 0: never
  double asymmetry = 0.5;             // 0..1; 0.5 is the cosine
  double column_weight_exponent = 0;  // 0..2; 0 counts all columns alike
  double similarity_exponent = 1;     // 0.1..10
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

// invalid_argument where an option is out of its range; the message and field name it.
Status validate(const NeighborOptions& options);

// Neighbours between the rows of `interactions` (users: user-kNN). For item-kNN pass the transpose. Errors:
// invalid_argument (an option), unavailable (cancelled), resource_exhausted (memory).
Result<NeighborTable> train_neighbors(const InteractionMatrix& interactions, const NeighborOptions& options,
                                      const TrainControl& control);

// Finds the rows of a matrix that are most similar to a row which need not be in it: the search under train_neighbors,
// and live user-kNN for a history newer than the model. Thread-safe after construction. Owns what it needs.
class SimilarRows {
 public:
  // `by_column` is the transpose of the rows: for users, [items, users]. REQUIRES: validate(options) is ok.
  SimilarRows(InteractionMatrix by_column, const NeighborOptions& options);

  // The `k` rows most similar to one with these columns (distinct, < columns) and weights (one each, or none: all 1),
  // best first. `except` is left out (the row itself).
  std::vector<ScoredId> find(std::span<const std::uint32_t> columns, std::span<const float> weights, std::size_t k,
                             std::uint32_t except = kNoDenseId) const;

 private:
  float entry(float weight) const;
  float similarity(float dot, float shared, double own_divisor, std::uint32_t row) const;

  NeighborOptions options_;
  InteractionMatrix by_column_;       // weights scaled by their column's
  std::vector<float> column_weight_;  // [columns]
  std::vector<float> row_divisor_;    // [rows], |b|^(2 - 2 asymmetry)
};

// Item-kNN scores: for each candidate item, the sum over the user's history of weight * similarity, where weights below
// 0 take from it. Scores above 0, best first, at most k. Items of the history itself may be among them.
std::vector<ScoredId> score_item_knn(const NeighborTable& items, std::span<const std::uint32_t> history,
                                     std::span<const float> weights, std::size_t k);
// User-kNN scores: the similarity-weighted votes of neighbours for the items of their rows in `interactions`, and
// against those that they turned down.
std::vector<ScoredId> score_user_knn(std::span<const ScoredId> similar_users, const InteractionMatrix& interactions,
                                     std::size_t k);
// The users most similar to a history that may be newer than the model (live user-kNN): cosine over `by_item`, the
// transpose [items, users], with the users' norms (square roots of their numbers of items). Of weights, also those of
// `history` (one each, or none: all 1), the sign counts. SimilarRows has the variations.
std::vector<ScoredId> find_similar_users(const InteractionMatrix& by_item, std::span<const float> user_norms,
                                         std::span<const std::uint32_t> history, std::size_t k,
                                         std::span<const float> weights = {});

}  // namespace tamis::models
