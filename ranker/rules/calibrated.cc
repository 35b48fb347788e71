#include "ranker/rules/calibrated.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ranker/rules/group_keys.h"

namespace tamis::ranker {
namespace {

constexpr double kSmoothing = 0.01;  // Steck's alpha: no category has probability 0

}  // namespace

Result<CalibratedRule> CalibratedRule::create(Options options) {
  if (options.field.empty()) return Status::invalid_argument("a field is needed").at_field("field");
  if (!(options.weight >= 0 && options.weight <= 1))
    return Status::invalid_argument("weight must lie in 0..1").at_field("weight");
  double sum = 0;
  for (const auto& [value, share] : options.target) {
    if (!(share >= 0) || !std::isfinite(share))
      return Status::invalid_argument("the share of \"" + value + "\" must be 0 or above").at_field("target." + value);
    sum += share;
  }
  if (!options.target.empty() && !(sum > 0))
    return Status::invalid_argument("the target's shares are all 0").at_field("target");
  for (auto& [value, share] : options.target) share /= sum;
  return CalibratedRule(std::move(options));
}

double CalibratedRule::divergence(const Shares& target, const Shares& shares) {
  double sum = 0;
  for (const auto& [value, p] : target) {
    if (p <= 0) continue;
    const auto found = shares.find(value);
    const double q = found == shares.end() ? 0 : found->second;
    sum += p * std::log(p / ((1 - kSmoothing) * q + kSmoothing * p));
  }
  return sum;
}

void CalibratedRule::apply(CandidateList& list, const RuleContext& context) const {
  if (options_.target.empty() || list.size() < 2) return;
  const auto [low, high] =
      std::minmax_element(list.begin(), list.end(), [](const auto& a, const auto& b) { return a.score < b.score; });
  const double lowest = low->score;
  const double range = high->score - lowest;
  GroupKeys keys(options_.field);
  std::vector<std::vector<std::string_view>> values;
  for (const Candidate& candidate : list) values.push_back(keys.of(context.items.features(candidate.item)));

  const std::size_t slots = std::min(context.k, list.size());
  Shares counts;  // of the slots so far
  double filled = 0;
  const auto divergence_with = [&](const std::vector<std::string_view>& added) {
    Shares shares = counts;
    for (const std::string_view value : added) shares[std::string(value)] += 1 / static_cast<double>(added.size());
    for (auto& [value, count] : shares) count /= filled + 1;
    return divergence(options_.target, shares);
  };
  for (std::size_t slot = 0; slot < slots; ++slot) {
    std::size_t best = slot;
    double best_value = -std::numeric_limits<double>::infinity();
    std::map<std::vector<std::string_view>, double> known;  // items of equal values diverge equally
    for (std::size_t i = slot; i < list.size(); ++i) {
      const auto [entry, fresh] = known.try_emplace(values[i], 0);
      if (fresh) entry->second = divergence_with(values[i]);
      const double relevance = range > 0 ? (list[i].score - lowest) / range : 1;
      const double value =
          (1 - options_.weight) * relevance - options_.weight * static_cast<double>(slots) * entry->second;
      if (value > best_value) {
        best = i;
        best_value = value;
      }
    }
    const auto rotate = [&](auto& sequence) {
      const auto first = sequence.begin() + static_cast<std::ptrdiff_t>(slot);
      const auto chosen = sequence.begin() + static_cast<std::ptrdiff_t>(best);
      std::rotate(first, chosen, chosen + 1);
    };
    rotate(list);
    rotate(values);
    for (const std::string_view value : values[slot])
      counts[std::string(value)] += 1 / static_cast<double>(values[slot].size());
    ++filled;
  }
}

}  // namespace tamis::ranker
