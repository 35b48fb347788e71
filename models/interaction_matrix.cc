#include "models/interaction_matrix.h"

#include <algorithm>
#include <utility>

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

InteractionMatrix gather_interaction_matrix(std::uint32_t rows, std::uint32_t columns,
                                            const std::function<void(const PairVisitor&)>& visit_pairs) {
  InteractionMatrix matrix{.rows = rows, .columns = columns, .offsets = {}, .column = {}, .weight = {}};
  std::vector<std::uint64_t>& offsets = matrix.offsets;
  offsets.assign(std::size_t{rows} + 1, 0);
  visit_pairs([&](const WeightedPair& pair) { ++offsets[pair.row + 1]; });
  for (std::size_t row = 0; row < rows; ++row) offsets[row + 1] += offsets[row];
  matrix.column.resize(offsets[rows]);
  matrix.weight.resize(offsets[rows]);
  std::vector<std::uint64_t> next(offsets.begin(), offsets.end() - 1);
  visit_pairs([&](const WeightedPair& pair) {
    const std::uint64_t slot = next[pair.row]++;
    matrix.column[slot] = pair.column;
    matrix.weight[slot] = pair.weight;
  });
  std::uint64_t end = 0;  // of the rows so far, their repeated pairs summed
  std::vector<std::pair<std::uint32_t, float>> sorted;
  for (std::size_t row = 0; row < rows; ++row) {
    sorted.clear();
    for (std::uint64_t i = row == 0 ? 0 : next[row - 1]; i < next[row]; ++i)
      sorted.emplace_back(matrix.column[i], matrix.weight[i]);
    std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    offsets[row] = end;
    for (const auto& [column, weight] : sorted) {
      if (end > offsets[row] && matrix.column[end - 1] == column) {
        matrix.weight[end - 1] += weight;
        continue;
      }
      matrix.column[end] = column;
      matrix.weight[end] = weight;
      ++end;
    }
  }
  offsets[rows] = end;
  matrix.column.resize(end);
  matrix.weight.resize(end);
  if (end < matrix.column.capacity() / 2) {  // most were repeated
    matrix.column.shrink_to_fit();
    matrix.weight.shrink_to_fit();
  }
  return matrix;
}

InteractionMatrix make_interaction_matrix(std::uint32_t rows, std::uint32_t columns,
                                          const std::vector<WeightedPair>& pairs) {
  return gather_interaction_matrix(rows, columns, [&](const PairVisitor& visit) {
    for (const WeightedPair& pair : pairs) visit(pair);
  });
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
