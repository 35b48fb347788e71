#include <algorithm>
#include <array>
#include <string>

#include "engine/funnel/funnel_members.h"

namespace tamis::engine {
namespace {

enum Phase : std::size_t { kScoring, kOrdering, kExploring, kPinning };
constexpr std::array<std::string_view, 4> kPhaseNames = {"scores", "orders", "explores", "pins"};

struct Phases {
  Phase first;
  Phase last;
};

Phases phases_of(const SeenRuleConfig& seen) {
  const bool scales = std::any_of(seen.policies.begin(), seen.policies.end(),
                                  [](const SeenPolicy& policy) { return policy.multiply > 0; });
  return {kScoring, scales ? kScoring : kOrdering};
}
Phases phases_of(const FilterRuleConfig&) { return {kScoring, kOrdering}; }
Phases phases_of(const MinimumScoreRuleConfig&) { return {kScoring, kOrdering}; }
Phases phases_of(const DedupeRuleConfig&) { return {kScoring, kOrdering}; }
Phases phases_of(const BoostRuleConfig&) { return {kScoring, kScoring}; }
Phases phases_of(const FreshnessRuleConfig&) { return {kScoring, kScoring}; }
Phases phases_of(const RotationRuleConfig&) { return {kScoring, kScoring}; }
Phases phases_of(const DiversityRuleConfig&) { return {kOrdering, kOrdering}; }
Phases phases_of(const CapRuleConfig&) { return {kOrdering, kOrdering}; }
Phases phases_of(const SpreadRuleConfig&) { return {kOrdering, kOrdering}; }
Phases phases_of(const CalibratedRuleConfig&) { return {kOrdering, kOrdering}; }
Phases phases_of(const ExploreRuleConfig&) { return {kExploring, kExploring}; }
Phases phases_of(const PinRuleConfig&) { return {kPinning, kPinning}; }

}  // namespace

void refuse_misplaced_rules(Members& members, const std::vector<RuleConfig>& rules) {
  Phase reached = kScoring;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const Phases phases = std::visit([](const auto& rule) { return phases_of(rule); }, rules[i]);
    if (phases.last < reached) {
      members.refuse("rules", i,
                     "\"" + std::string(rule_kind(rules[i])) + "\" before a rule that " +
                         std::string(kPhaseNames[reached]) + ", whose work it would undo");
    } else {
      reached = std::max(reached, phases.first);
    }
  }
}

}  // namespace tamis::engine
