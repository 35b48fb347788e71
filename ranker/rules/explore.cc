#include "ranker/rules/explore.h"

#include <algorithm>

#include "common/feature_time.h"
#include "common/random.h"

namespace tamis::ranker {
namespace {

// The index that a uniform draw in [0, 1) falls on; the last of positive probability where rounding leaves a rest.
std::size_t pick(const std::vector<double>& probabilities, double draw) {
  std::size_t last = 0;
  for (std::size_t i = 0; i < probabilities.size(); ++i) {
    if (probabilities[i] <= 0) continue;
    last = i;
    if (draw < probabilities[i]) return i;
    draw -= probabilities[i];
  }
  return last;
}

}  // namespace

Result<ExploreRule> ExploreRule::create(Options options) {
  if (!(options.share >= 0 && options.share <= 1))
    return Status::invalid_argument("share must lie in 0..1").at_field("share");
  if (!(options.most_impressions >= 0))
    return Status::invalid_argument("most_impressions must not be negative").at_field("most_impressions");
  if (options.most_age_ms < 0)
    return Status::invalid_argument("most_age_ms must not be negative").at_field("most_age_ms");
  if (options.most_pool == 0) return Status::invalid_argument("most_pool must be at least 1").at_field("most_pool");
  return ExploreRule(std::move(options));
}

bool ExploreRule::is_uncertain(std::uint32_t item, const RuleContext& context) const {
  if (context.items.counts(item).impressions > options_.most_impressions) return false;
  if (options_.age_field.empty()) return true;
  const auto time_ms = find_time(context.items.features(item), options_.age_field);
  return time_ms && *time_ms <= context.now_ms && context.now_ms - *time_ms <= options_.most_age_ms;
}

std::vector<bool> ExploreRule::uncertain_places(const CandidateList& list, const RuleContext& context) const {
  std::vector<bool> uncertain;
  std::size_t new_items = 0;
  for (const Candidate& candidate : list) {
    uncertain.push_back(is_uncertain(candidate.item, context));
    new_items += uncertain.back() && candidate.is_new ? 1 : 0;
  }
  // New items would lose every place to those that people have met: half of the pool is kept for them.
  std::size_t new_places = std::min(new_items, options_.most_pool / 2);
  std::size_t other_places = options_.most_pool - new_places;
  for (std::size_t i = 0; i < list.size(); ++i) {
    std::size_t& places = list[i].is_new && new_places > 0 ? new_places : other_places;
    if (uncertain[i] && places > 0) {
      --places;
    } else {
      uncertain[i] = false;
    }
  }
  return uncertain;
}

std::vector<std::vector<ExploreRule::Choice>> ExploreRule::choices(const CandidateList& list,
                                                                   std::span<const std::uint32_t> shown,
                                                                   const RuleContext& context) const {
  const std::vector<bool> uncertain = uncertain_places(list, context);
  std::vector<bool> used(list.size());
  std::vector<std::vector<Choice>> slots;
  for (std::size_t slot = 0; slot < std::min({shown.size(), list.size(), context.k}); ++slot) {
    std::vector<Choice>& made = slots.emplace_back();
    std::vector<std::size_t> pool;
    std::vector<ItemCounts> counts;
    std::size_t best = list.size();
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (used[i]) continue;
      best = std::min(best, i);
      if (!uncertain[i]) continue;
      pool.push_back(i);
      counts.push_back(context.items.counts(list[i].item));
    }
    if (best == list.size()) break;
    const double greedy = pool.empty() ? 1 : 1 - options_.share;
    const std::vector<double> probabilities = exploration_probabilities(options_.policy, counts);
    bool has_best = false;
    for (std::size_t i = 0; i < pool.size(); ++i) {
      has_best |= pool[i] == best;
      const double probability = options_.share * probabilities[i] + (pool[i] == best ? greedy : 0);
      if (probability > 0) made.push_back({list[pool[i]].item, probability});
    }
    if (!has_best && greedy > 0) made.push_back({list[best].item, greedy});
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (!used[i] && list[i].item == shown[slot]) {
        used[i] = true;
        break;
      }
    }
  }
  return slots;
}

void ExploreRule::apply(CandidateList& list, const RuleContext& context) const {
  Random random(context.seed);
  std::vector<bool> uncertain = uncertain_places(list, context);
  for (std::size_t slot = 0; slot < std::min(context.k, list.size()); ++slot) {
    const double coin = random.uniform();
    const double draw = random.uniform();  // drawn always: later slots do not hang on this coin
    std::vector<std::size_t> pool;
    for (std::size_t i = slot; i < list.size(); ++i) {
      if (uncertain[i]) pool.push_back(i);
    }
    if (pool.empty()) {
      list[slot].propensity = 1;
      continue;
    }
    const bool explores = coin < options_.share;
    std::size_t chosen = slot;
    double propensity = 1 - options_.share;
    if (explores || uncertain[slot]) {  // else the policy could not have chosen what is served
      std::vector<ItemCounts> counts;
      for (const std::size_t i : pool) counts.push_back(context.items.counts(list[i].item));
      const std::vector<double> probabilities = exploration_probabilities(options_.policy, counts);
      if (explores) chosen = pool[pick(probabilities, draw)];
      const auto place = static_cast<std::size_t>(std::find(pool.begin(), pool.end(), chosen) - pool.begin());
      propensity = options_.share * probabilities[place] + (chosen == slot ? 1 - options_.share : 0);
    }
    list[chosen].propensity = propensity;
    const auto rotate = [&](auto& sequence) {
      const auto first = sequence.begin() + static_cast<std::ptrdiff_t>(slot);
      const auto at = sequence.begin() + static_cast<std::ptrdiff_t>(chosen);
      std::rotate(first, at, at + 1);
    };
    rotate(list);
    rotate(uncertain);
  }
}

}  // namespace tamis::ranker
