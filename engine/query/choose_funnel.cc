#include "engine/query/choose_funnel.h"

#include <algorithm>
#include <variant>

namespace tamis::engine {
namespace {

// Of the rule that stands for the switch: one look halves the score of an item, and a day later half of that is
// forgotten.
constexpr double kFatigue = 0.5;

bool is_rotation(const RuleConfig& rule) { return std::holds_alternative<RotationRuleConfig>(rule); }

}  // namespace

Result<std::shared_ptr<const FunnelConfig>> choose_funnel(const ReadState& state, const RecommendRequest& request) {
  const auto surface = request.surface.empty() ? state.funnels.end() : state.funnels.find(request.surface);
  const auto named = surface != state.funnels.end() ? surface : state.funnels.find(request.funnel);
  if (!request.override_funnel) {
    if (named != state.funnels.end()) return named->second;
    return Status::not_found("there is no funnel \"" + request.funnel.substr(0, 64) + "\"").at_field("funnel");
  }
  FunnelConfig own = *request.override_funnel;
  if (own.inherited.empty()) return std::make_shared<const FunnelConfig>(std::move(own));
  const auto base = own.base.empty() ? named : state.funnels.find(own.base);
  if (base == state.funnels.end()) {
    const std::string name = own.base.empty() ? request.funnel : own.base;
    return Status::not_found("there is no funnel \"" + name.substr(0, 64) + "\" to override")
        .at_field(own.base.empty() ? "funnel" : "override.base");
  }
  inherit_members(*base->second, &own);
  return std::make_shared<const FunnelConfig>(std::move(own));
}

std::shared_ptr<const FunnelConfig> switch_rotation(std::shared_ptr<const FunnelConfig> funnel,
                                                    const RecommendRequest& request) {
  const bool rotates = std::ranges::any_of(funnel->rules, is_rotation);
  const bool is_feed = request.with_cursor || !request.cursor.empty();
  const bool wanted = request.rotate_shown.value_or(funnel->rotate_shown || rotates || is_feed);
  if (wanted == rotates) return funnel;
  FunnelConfig switched = *funnel;
  if (wanted)
    switched.rules.insert(switched.rules.begin(), RotationRuleConfig{.fatigue = kFatigue});
  else
    std::erase_if(switched.rules, is_rotation);
  return std::make_shared<const FunnelConfig>(std::move(switched));
}

}  // namespace tamis::engine
