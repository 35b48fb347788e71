#include "ranker/rules/exploration_policy.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>

namespace tamis::ranker {
namespace {

constexpr std::size_t kCells = 256;  // of the grid over click rates

// Counts as a click model can take them: no more clicks than impressions, nothing negative or not finite.
ItemCounts sane(const ItemCounts& counts) {
  const double impressions = std::isfinite(counts.impressions) ? std::max(counts.impressions, 0.0) : 0;
  const double clicks = std::isfinite(counts.clicks) ? std::clamp(counts.clicks, 0.0, impressions) : 0;
  return {.impressions = impressions, .clicks = clicks};
}

// Cells follow x = sin^2(t), dense at both ends where rates live.
struct Grid {
  std::array<double, kCells> log_sine = {};
  std::array<double, kCells> log_cosine = {};
  Grid() {
    constexpr double kQuarterTurn = 1.5707963267948966;
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      const double t = (static_cast<double>(cell) + 0.5) / kCells * kQuarterTurn;
      log_sine[cell] = std::log(std::sin(t));
      log_cosine[cell] = std::log(std::cos(t));
    }
  }
};

// A posterior's mass by cell, of sum 1, and the mass below each cell's middle.
struct Posterior {
  std::array<double, kCells> mass;
  std::array<double, kCells> below;

  explicit Posterior(const ItemCounts& counts) {
    static const Grid kGrid;
    // x^clicks (1 - x)^rest dx, dx = 2 sin cos dt
    const double a = 2 * counts.clicks + 1;
    const double b = 2 * (counts.impressions - counts.clicks) + 1;
    double largest = -std::numeric_limits<double>::infinity();
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      mass[cell] = a * kGrid.log_sine[cell] + b * kGrid.log_cosine[cell];
      largest = std::max(largest, mass[cell]);
    }
    double sum = 0;
    for (double& m : mass) sum += m = std::exp(m - largest);
    double passed = 0;
    for (std::size_t cell = 0; cell < kCells; ++cell) {
      mass[cell] /= sum;
      below[cell] = passed + mass[cell] / 2;
      passed += mass[cell];
    }
  }
};

// P(item i is the largest) = sum over cells of its mass times the product over the others of their mass below; the
// products from both ends leave i out without a division.
std::vector<double> thompson(std::span<const ItemCounts> pool) {
  const std::vector<Posterior> posteriors(pool.begin(), pool.end());
  std::vector<double> probabilities(pool.size(), 0);
  std::vector<double> behind(pool.size() + 1, 1);  // products over items i, i + 1, ...
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    for (std::size_t i = pool.size(); i-- > 0;) behind[i] = behind[i + 1] * posteriors[i].below[cell];
    double before = 1;
    for (std::size_t i = 0; i < pool.size(); ++i) {
      probabilities[i] += posteriors[i].mass[cell] * before * behind[i + 1];
      before *= posteriors[i].below[cell];
    }
  }
  return probabilities;
}

std::vector<double> ucb(std::span<const ItemCounts> pool) {
  double total = 0;
  for (const ItemCounts& counts : pool) total += counts.impressions;
  std::vector<double> bounds;
  for (const ItemCounts& counts : pool) {
    const double n = std::max(counts.impressions, 1.0);
    bounds.push_back(counts.clicks / n + std::sqrt(2 * std::log(std::max(total, 1.0)) / n));
  }
  std::vector<double> probabilities(pool.size(), 0);
  probabilities[static_cast<std::size_t>(std::max_element(bounds.begin(), bounds.end()) - bounds.begin())] = 1;
  return probabilities;
}

}  // namespace

std::string_view exploration_policy_name(ExplorationPolicy policy) {
  switch (policy) {
    case ExplorationPolicy::kUniform: return "uniform";
    case ExplorationPolicy::kThompson: return "thompson";
    case ExplorationPolicy::kUcb: return "ucb";
  }
  return "";
}

Result<ExplorationPolicy> parse_exploration_policy(std::string_view name) {
  for (const auto known : {ExplorationPolicy::kUniform, ExplorationPolicy::kThompson, ExplorationPolicy::kUcb}) {
    if (exploration_policy_name(known) == name) return known;
  }
  return Status::invalid_argument("\"" + std::string(name) +
                                  "\" is no exploration policy (known: uniform, thompson, ucb)");
}

std::vector<double> exploration_probabilities(ExplorationPolicy policy, std::span<const ItemCounts> pool) {
  if (pool.empty()) return {};
  std::vector<ItemCounts> counts;
  for (const ItemCounts& item : pool) counts.push_back(sane(item));
  std::vector<double> probabilities(pool.size(), 1);
  if (policy == ExplorationPolicy::kThompson) probabilities = thompson(counts);
  if (policy == ExplorationPolicy::kUcb) probabilities = ucb(counts);
  const double sum = std::accumulate(probabilities.begin(), probabilities.end(), 0.0);
  for (double& p : probabilities) p = sum > 0 ? p / sum : 1 / static_cast<double>(pool.size());
  return probabilities;
}

}  // namespace tamis::ranker
