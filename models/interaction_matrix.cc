#include "models/interaction_matrix.h"

#include <algorithm>

#include "common/random.h"

namespace tamis::models {
namespace {

constexpr std::uint64_t kSamplingSeed = 0x7461'6d69'73;

// The pairs whose weight times `sign` is above 0, by that product.
InteractionMatrix pairs_of_sign(const InteractionMatrix& all, float sign) {
  InteractionMatrix kept{.rows = all.rows, .columns = all.columns, .offsets = {0}, .column = {}, .weight = {}};
  kept.offsets.reserve(all.offsets.size());
  for (std::uint32_t row = 0; row < all.rows; ++row) {
    for (std::uint64_t i = all.offsets[row]; i < all.offsets[row + 1]; ++i) {
      if (!(sign * all.weight[i] > 0)) continue;
      kept.column.push_back(all.column[i]);
      kept.weight.push_back(sign * all.weight[i]);
    }
    kept.offsets.push_back(kept.column.size());
  }
  return kept;
}

}  // namespace

InteractionMatrix make_interaction_matrix(std::uint32_t rows, std::uint32_t columns, std::vector<WeightedPair> pairs) {
  std::sort(pairs.begin(), pairs.end(), [](const WeightedPair& a, const WeightedPair& b) {
    return a.row != b.row ? a.row < b.row : a.column < b.column;
  });
  InteractionMatrix matrix{.rows = rows, .columns = columns, .offsets = {}, .column = {}, .weight = {}};
  matrix.offsets.assign(std::size_t{rows} + 1, 0);
  std::uint32_t last_row = 0;
  for (const WeightedPair& pair : pairs) {
    const bool repeats = !matrix.column.empty() && last_row == pair.row && matrix.column.back() == pair.column;
    if (repeats) {
      matrix.weight.back() += pair.weight;
    } else {
      matrix.column.push_back(pair.column);
      matrix.weight.push_back(pair.weight);
      ++matrix.offsets[pair.row + 1];
    }
    last_row = pair.row;
  }
  for (std::size_t row = 0; row < rows; ++row) matrix.offsets[row + 1] += matrix.offsets[row];
  return matrix;
}

bool InteractionMatrix::has_negatives() const {
  return std::any_of(weight.begin(), weight.end(), [](float value) { return value < 0; });
}

InteractionMatrix InteractionMatrix::liked() const { return pairs_of_sign(*this, 1); }
InteractionMatrix InteractionMatrix::disliked() const { return pairs_of_sign(*this, -1); }

InteractionMatrix InteractionMatrix::transpose() const {
  InteractionMatrix result{.rows = columns, .columns = rows, .offsets = {}, .column = {}, .weight = {}};
  result.offsets.assign(std::size_t{columns} + 1, 0);
  result.column.resize(column.size());
  result.weight.resize(weight.size());
  for (const std::uint32_t c : column) ++result.offsets[c + 1];
  for (std::size_t c = 0; c < columns; ++c) result.offsets[c + 1] += result.offsets[c];
  std::vector<std::uint64_t> next(result.offsets.begin(), result.offsets.end() - 1);
  for (std::uint32_t row = 0; row < rows; ++row) {  // rows ascend, so each transposed row comes out sorted
    for (std::uint64_t i = offsets[row]; i < offsets[row + 1]; ++i) {
      const std::uint64_t slot = next[column[i]]++;
      result.column[slot] = row;
      result.weight[slot] = weight[i];
    }
  }
  return result;
}

InteractionMatrix sample_rows(const InteractionMatrix& matrix, std::uint32_t limit) {
  InteractionMatrix result{.rows = matrix.rows, .columns = matrix.columns, .offsets = {0}, .column = {}, .weight = {}};
  for (std::uint32_t row = 0; row < matrix.rows; ++row) {
    const auto columns = matrix.row_columns(row);
    const auto weights = matrix.row_weights(row);
    Random random(kSamplingSeed + row);
    std::size_t wanted = std::min<std::size_t>(limit, columns.size());
    for (std::size_t i = 0; i < columns.size() && wanted > 0; ++i) {  // Knuth's selection sampling keeps the order
      if (random.uniform() * static_cast<double>(columns.size() - i) >= static_cast<double>(wanted)) continue;
      result.column.push_back(columns[i]);
      result.weight.push_back(weights[i]);
      --wanted;
    }
    result.offsets.push_back(result.column.size());
  }
  return result;
}

}  // namespace tamis::models
