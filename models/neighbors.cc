#include "models/neighbors.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "models/parallel.h"
#include "models/require_option.h"
#include "models/sparse_accumulator.h"

namespace tamis::models {
namespace {

constexpr std::size_t kNeighborRowsPerBlock = 64;
constexpr std::uint64_t kParts = 20;  // in which a table is made

// Scratch of the calling thread; reset before each use.
SparseAccumulator& accumulator(std::size_t size) {
  thread_local SparseAccumulator scratch;
  scratch.reset(size);
  return scratch;
}

}  // namespace

Status validate(const NeighborOptions& options) {
  TAMIS_RETURN_IF_ERROR(
      require(options.neighbors >= 1 && options.neighbors <= 10'000, "neighbors", options.neighbors, "1..10000"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.shrinkage) && options.shrinkage >= 0, "shrinkage",
                                options.shrinkage, "a finite number of at least 0"));
  TAMIS_RETURN_IF_ERROR(
      require(options.asymmetry >= 0 && options.asymmetry <= 1, "asymmetry", options.asymmetry, "0..1"));
  TAMIS_RETURN_IF_ERROR(require(options.column_weight_exponent >= 0 && options.column_weight_exponent <= 2,
                                "column_weight_exponent", options.column_weight_exponent, "0..2"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.disliked_weight) && options.disliked_weight >= 0,
                                "disliked_weight", options.disliked_weight, "a finite number of at least 0"));
  return require(options.similarity_exponent >= 0.1 && options.similarity_exponent <= 10, "similarity_exponent",
                 options.similarity_exponent, "0.1..10");
}

SimilarRows::SimilarRows(InteractionMatrix by_column, const NeighborOptions& options)
    : options_(options), by_column_(std::move(by_column)) {
  const std::uint32_t rows = by_column_.columns;
  column_weight_.resize(by_column_.rows);
  std::vector<double> squared_norm(rows);
  for (std::uint32_t column = 0; column < by_column_.rows; ++column) {
    const auto members = by_column_.row_columns(column);
    const double popularity = std::max<double>(1, static_cast<double>(members.size()));
    column_weight_[column] = static_cast<float>(std::pow(popularity, -options_.column_weight_exponent));
    for (std::uint64_t i = by_column_.offsets[column]; i < by_column_.offsets[column + 1]; ++i) {
      float& weight = by_column_.weight[i];
      weight = column_weight_[column] * entry(weight);
      squared_norm[by_column_.column[i]] += double{weight} * weight;
    }
  }
  row_divisor_.resize(rows);
  for (std::uint32_t row = 0; row < rows; ++row) {
    row_divisor_[row] = static_cast<float>(std::pow(squared_norm[row], 1 - options_.asymmetry));
  }
  if (options_.max_row_length > 0) by_column_ = sample_rows(by_column_, options_.max_row_length);
}

float SimilarRows::entry(float weight) const {
  if (weight > 0) return options_.binary ? 1.0F : weight;
  return static_cast<float>(options_.disliked_weight) * (options_.binary ? -1.0F : weight);
}

float SimilarRows::similarity(float dot, float shared, double own_divisor, std::uint32_t row) const {
  double value = dot / (own_divisor * row_divisor_[row]);
  if (options_.shrinkage > 0) value *= shared / (shared + options_.shrinkage);
  if (options_.similarity_exponent != 1) value = std::pow(value, options_.similarity_exponent);
  return static_cast<float>(value);
}

std::vector<ScoredId> SimilarRows::find(std::span<const std::uint32_t> columns, std::span<const float> weights,
                                        std::size_t k, std::uint32_t except) const {
  SparseAccumulator& dots = accumulator(by_column_.columns);
  double squared_norm = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const std::uint32_t column = columns[i];
    const float own = column_weight_[column] * (weights.empty() ? 1.0F : entry(weights[i]));
    squared_norm += double{own} * own;
    const auto members = by_column_.row_columns(column);
    const auto member_weights = by_column_.row_weights(column);
    for (std::size_t m = 0; m < members.size(); ++m) dots.add(members[m], own * member_weights[m]);
  }
  const double own_divisor = std::pow(squared_norm, options_.asymmetry);
  TopK top(k);
  for (const std::uint32_t row : dots.touched()) {
    if (row == except) continue;
    const SparseAccumulator::Sum& sum = dots[row];
    const float value = similarity(sum.total, static_cast<float>(sum.count), own_divisor, row);
    if (value > 0) top.push({row, value});
  }
  return top.take();
}

Result<NeighborTable> train_neighbors(const InteractionMatrix& interactions, const NeighborOptions& options,
                                      const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate(options));
  const SimilarRows similar(interactions.transpose(), options);
  NeighborTable table;
  table.offsets.reserve(std::size_t{interactions.rows} + 1);
  // In parts of about equal work: a long run tells how far it is, and few rows wait for their place in the table.
  const std::uint64_t entries = std::max<std::uint64_t>(interactions.nonzeros(), 1);
  std::uint32_t begin = 0;
  for (std::uint64_t part = 1; begin < interactions.rows; ++part) {
    const auto last = std::lower_bound(interactions.offsets.begin() + begin + 1, interactions.offsets.end() - 1,
                                       entries * part / kParts);
    const auto end = static_cast<std::uint32_t>(last - interactions.offsets.begin());
    std::vector<std::vector<ScoredId>> found(end - begin);
    TAMIS_RETURN_IF_ERROR(
        parallel_blocks(control, found.size(), kNeighborRowsPerBlock, [&](std::size_t from, std::size_t to) {
          for (std::size_t i = from; i < to; ++i) {
            const std::uint32_t row = begin + static_cast<std::uint32_t>(i);
            found[i] =
                similar.find(interactions.row_columns(row), interactions.row_weights(row), options.neighbors, row);
          }
        }));
    for (const std::vector<ScoredId>& row : found) {
      for (const ScoredId& neighbor : row) {
        table.neighbor.push_back(neighbor.id);
        table.similarity.push_back(neighbor.score);
      }
      table.offsets.push_back(table.neighbor.size());
    }
    begin = end;
    control.progress(static_cast<double>(interactions.offsets[end]) / static_cast<double>(entries),
                     "neighbours of " + std::to_string(end) + " of " + std::to_string(interactions.rows) + " rows");
  }
  table.neighbor.shrink_to_fit();
  table.similarity.shrink_to_fit();
  return table;
}

std::vector<ScoredId> score_item_knn(const NeighborTable& items, std::span<const std::uint32_t> history,
                                     std::span<const float> weights, std::size_t k) {
  SparseAccumulator& scores = accumulator(items.rows());
  for (std::size_t h = 0; h < history.size(); ++h) {
    const float weight = weights.empty() ? 1.0F : weights[h];
    const auto neighbors = items.row_neighbors(history[h]);
    const auto similarities = items.row_similarities(history[h]);
    for (std::size_t i = 0; i < neighbors.size(); ++i) scores.add(neighbors[i], weight * similarities[i]);
  }
  return scores.best(k);
}

std::vector<ScoredId> score_user_knn(std::span<const ScoredId> similar_users, const InteractionMatrix& interactions,
                                     std::size_t k) {
  SparseAccumulator& scores = accumulator(interactions.columns);
  for (const ScoredId& user : similar_users) {
    const auto items = interactions.row_columns(user.id);
    const auto weights = interactions.row_weights(user.id);
    for (std::size_t i = 0; i < items.size(); ++i) scores.add(items[i], weights[i] < 0 ? -user.score : user.score);
  }
  return scores.best(k);
}

std::vector<ScoredId> find_similar_users(const InteractionMatrix& by_item, std::span<const float> user_norms,
                                         std::span<const std::uint32_t> history, std::size_t k,
                                         std::span<const float> weights) {
  SparseAccumulator& shared = accumulator(by_item.columns);
  for (std::size_t h = 0; h < history.size(); ++h) {
    const float own = weights.empty() || weights[h] > 0 ? 1.0F : -1.0F;
    const auto users = by_item.row_columns(history[h]);
    const auto theirs = by_item.row_weights(history[h]);
    for (std::size_t i = 0; i < users.size(); ++i) shared.add(users[i], theirs[i] < 0 ? -own : own);
  }
  const auto own_norm = static_cast<float>(std::sqrt(static_cast<double>(history.size())));
  TopK top(k);
  for (const std::uint32_t user : shared.touched()) {
    const float value = shared[user].total / (own_norm * user_norms[user]);
    if (value > 0) top.push({user, value});
  }
  return top.take();
}

}  // namespace tamis::models
