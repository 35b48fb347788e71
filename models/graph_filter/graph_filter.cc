#include "models/graph_filter/graph_filter.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "models/sparse_accumulator.h"

namespace tamis::models {
namespace {

// Scratch of the calling thread for one hop; reset before each use.
enum Hop { kToUsers, kToItems };
SparseAccumulator& accumulator(Hop hop, std::size_t size) {
  thread_local SparseAccumulator scratch[2];
  scratch[hop].reset(size);
  return scratch[hop];
}

// degree^-exponent of each row; 1 for a row without entries.
std::vector<float> degree_scale(const InteractionMatrix& matrix, double exponent) {
  std::vector<float> scale(matrix.rows);
  for (std::uint32_t row = 0; row < matrix.rows; ++row) {
    const double degree = std::max<double>(1, static_cast<double>(matrix.row_columns(row).size()));
    scale[row] = static_cast<float>(std::pow(degree, -exponent));
  }
  return scale;
}

Status require(double value, const char* field, double minimum, double maximum) {
  if (value >= minimum && value <= maximum) return Status::ok();
  return Status::invalid_argument(std::string(field) + " is " + std::to_string(value) + ", expected " +
                                  std::to_string(minimum) + ".." + std::to_string(maximum))
      .at_field(field);
}

// The strongest `limit` of the sums; 0: all.
std::vector<ScoredId> strongest(const SparseAccumulator& sums, std::size_t limit) {
  if (limit > 0) return sums.best(limit);
  std::vector<ScoredId> all;
  all.reserve(sums.touched().size());
  for (const std::uint32_t id : sums.touched()) all.push_back({id, sums[id].total});
  return all;
}

}  // namespace

Status validate(const GraphFilterOptions& options) {
  TAMIS_RETURN_IF_ERROR(require(options.history_exponent, "history_exponent", 0, 2));
  TAMIS_RETURN_IF_ERROR(require(options.user_exponent, "user_exponent", 0, 2));
  TAMIS_RETURN_IF_ERROR(require(options.item_exponent, "item_exponent", -1, 2));
  return require(options.locality, "locality", 0.5, 4);
}

GraphFilter::GraphFilter(InteractionMatrix interactions, const GraphFilterOptions& options)
    : options_(options),
      by_user_(std::move(interactions)),
      by_item_(by_user_.transpose()),
      history_scale_(degree_scale(by_item_, options.history_exponent)),
      user_scale_(degree_scale(by_user_, options.user_exponent)),
      item_scale_(degree_scale(by_item_, options.item_exponent)) {}

std::vector<ScoredId> GraphFilter::recommend(std::span<const std::uint32_t> history, std::span<const float> weights,
                                             std::size_t k, const std::function<bool(std::uint32_t)>& accepts) const {
  SparseAccumulator& strength = accumulator(kToUsers, by_user_.rows);
  for (std::size_t h = 0; h < history.size(); ++h) {
    const float signal = history_scale_[history[h]] * (weights.empty() ? 1.0F : weights[h]);
    for (const std::uint32_t user : by_item_.row_columns(history[h])) strength.add(user, signal);
  }
  SparseAccumulator& scores = accumulator(kToItems, by_item_.rows);
  const auto locality = static_cast<float>(options_.locality);
  for (const ScoredId& user : strongest(strength, options_.max_users)) {
    const float signal = user_scale_[user.id] * std::pow(user.score, locality);
    for (const std::uint32_t item : by_user_.row_columns(user.id)) scores.add(item, signal);
  }
  TopK top(k);
  for (const std::uint32_t item : scores.touched()) {
    const float score = scores[item].total * item_scale_[item];
    if (score > 0 && top.may_enter(score) && (!accepts || accepts(item))) top.push({item, score});
  }
  return top.take();
}

}  // namespace tamis::models
