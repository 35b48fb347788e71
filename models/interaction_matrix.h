// InteractionMatrix: users x items, compressed sparse rows; what collaborative filtering learns from.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"

namespace tamis::models {

// Rows are users (or items, transposed). Within a row, columns ascend and are unique. A value type.
struct InteractionMatrix {
  std::uint32_t rows = 0;
  std::uint32_t columns = 0;
  std::vector<std::uint64_t> offsets = {0};  // [rows + 1]
  std::vector<std::uint32_t> column;         // [nonzeros]
  std::vector<float> weight;                 // [nonzeros], not 0; below 0: the user turned the item down

  std::uint64_t nonzeros() const { return column.size(); }
  std::span<const std::uint32_t> row_columns(std::uint32_t row) const {
    return {column.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  std::span<const float> row_weights(std::uint32_t row) const {
    return {weight.data() + offsets[row], static_cast<std::size_t>(offsets[row + 1] - offsets[row])};
  }
  InteractionMatrix transpose() const;
  bool has_negatives() const;
  // The pairs of a weight above 0; those below 0, with their weights negated.
  InteractionMatrix liked() const;
  InteractionMatrix disliked() const;
};

struct WeightedPair {
  std::uint32_t row = 0;
  std::uint32_t column = 0;
  float weight = 1;
};
// Sorts, and sums the weights of repeated pairs, in the order in which they come. REQUIRES: row < rows, column <
// columns.
InteractionMatrix make_interaction_matrix(std::uint32_t rows, std::uint32_t columns,
                                          const std::vector<WeightedPair>& pairs);
// The same of pairs that need not lie in memory. `visit_pairs` is called twice and gives the same pairs in the same
// order.
using PairVisitor = std::function<void(const WeightedPair&)>;
InteractionMatrix gather_interaction_matrix(std::uint32_t rows, std::uint32_t columns,
                                            const std::function<void(const PairVisitor&)>& visit_pairs);

// Keeps a random `limit` of the entries of each longer row. The sample depends on the row alone.
InteractionMatrix sample_rows(const InteractionMatrix& matrix, std::uint32_t limit);

}  // namespace tamis::models
