#include "models/popularity.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tamis::models {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

// log2(2^a + 2^b) without overflow.
double log2_of_sum(double a, double b) {
  const double high = std::max(a, b);
  const double low = std::min(a, b);
  if (low == kNever) return high;
  return high + std::log2(1 + std::exp2(low - high));
}

}  // namespace

std::vector<float> popularity_scores(const InteractionMatrix& interactions) {
  std::vector<double> sums(interactions.columns);
  for (std::size_t i = 0; i < interactions.column.size(); ++i) sums[interactions.column[i]] += interactions.weight[i];
  return {sums.begin(), sums.end()};
}

std::vector<ScoredId> top_scores(std::span<const float> scores, std::size_t k) {
  TopK top(std::min(k, scores.size()));
  for (std::size_t id = 0; id < scores.size(); ++id) {
    if (scores[id] > 0) top.push({static_cast<std::uint32_t>(id), scores[id]});
  }
  return top.take();
}

TrendingCounts::TrendingCounts(double half_life_s) : half_life_ms_(half_life_s * 1000) {}

TrendingCounts::TrendingCounts(double half_life_s, std::vector<double> log_sums)
    : half_life_ms_(half_life_s * 1000), log_sums_(std::move(log_sums)) {}

void TrendingCounts::add(std::uint32_t item, double weight, TimestampMs timestamp_ms) {
  if (!(weight > 0)) return;
  if (item >= log_sums_.size()) log_sums_.resize(std::size_t{item} + 1, kNever);
  const double amount = std::log2(weight) + static_cast<double>(timestamp_ms) / half_life_ms_;
  log_sums_[item] = log2_of_sum(log_sums_[item], amount);
}

double TrendingCounts::score(std::uint32_t item, TimestampMs now_ms) const {
  if (item >= log_sums_.size()) return 0;
  return std::exp2(log_sums_[item] - static_cast<double>(now_ms) / half_life_ms_);
}

std::vector<ScoredId> TrendingCounts::top(std::size_t k, TimestampMs now_ms) const {
  // Ranked by the logarithm in double: scores of long ago would all be 0 in f32.
  std::vector<std::uint32_t> ids;
  for (std::uint32_t id = 0; id < log_sums_.size(); ++id) {
    if (log_sums_[id] != kNever) ids.push_back(id);
  }
  const auto better = [this](std::uint32_t a, std::uint32_t b) {
    return log_sums_[a] != log_sums_[b] ? log_sums_[a] > log_sums_[b] : a < b;
  };
  const std::size_t kept = std::min(k, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(kept), ids.end(), better);
  std::vector<ScoredId> best;
  for (std::size_t i = 0; i < kept; ++i) best.push_back({ids[i], static_cast<float>(score(ids[i], now_ms))});
  return best;
}

}  // namespace tamis::models
