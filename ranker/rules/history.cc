#include "ranker/rules/history.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tamis::ranker {

Result<SeenRule> SeenRule::create(std::vector<Policy> policies) {
  for (std::size_t i = 0; i < policies.size(); ++i) {
    const std::string path = "policies[" + std::to_string(i) + "]";
    if (policies[i].type.empty())
      return Status::invalid_argument("a type of interaction is needed").at_field(path + ".type");
    if (policies[i].window_ms < 0)
      return Status::invalid_argument("window_ms must not be negative").at_field(path + ".window_ms");
    if (!(policies[i].multiply >= 0) || !std::isfinite(policies[i].multiply))
      return Status::invalid_argument("multiply must be 0 or above").at_field(path + ".multiply");
  }
  return SeenRule(std::move(policies));
}

void SeenRule::apply(CandidateList& list, const RuleContext& context) const {
  const auto holds = [&](const Policy& policy, std::uint32_t item) {
    const auto events = context.items.history(item);
    return std::any_of(events.begin(), events.end(), [&](const PastEvent& event) {
      return event.type == policy.type && event.at_ms <= context.now_ms &&
             (policy.window_ms == 0 || context.now_ms - event.at_ms < policy.window_ms);
    });
  };
  bool scaled = false;
  std::erase_if(list, [&](Candidate& candidate) {
    for (const Policy& policy : policies_) {
      if (!holds(policy, candidate.item)) continue;
      if (policy.multiply == 0) return true;
      candidate.score = scale_score(candidate.score, policy.multiply);
      scaled = true;
    }
    return false;
  });
  if (scaled) sort_by_score(list);
}

Result<RotationRule> RotationRule::create(Options options) {
  if (!(options.fatigue >= 0 && options.fatigue < 1))
    return Status::invalid_argument("fatigue must lie in 0..1, below 1").at_field("fatigue");
  if (options.half_life_ms <= 0)
    return Status::invalid_argument("half_life_ms must be above 0").at_field("half_life_ms");
  return RotationRule(std::move(options));
}

void RotationRule::apply(CandidateList& list, const RuleContext& context) const {
  for (Candidate& candidate : list) {
    double shown = 0;
    const auto events = context.items.history(candidate.item);
    std::int64_t taken_ms = std::numeric_limits<std::int64_t>::min();
    for (const PastEvent& event : events) {
      if (options_.spare_taken && event.type != options_.type) taken_ms = std::max(taken_ms, event.at_ms);
    }
    for (const PastEvent& event : events) {
      if (event.type != options_.type || event.at_ms <= taken_ms) continue;
      const auto age_ms = static_cast<double>(std::max<std::int64_t>(context.now_ms - event.at_ms, 0));
      shown += std::exp2(-age_ms / static_cast<double>(options_.half_life_ms));
    }
    candidate.score = scale_score(candidate.score, std::pow(1 - options_.fatigue, shown));
  }
  sort_by_score(list);
}

}  // namespace tamis::ranker
