#include "engine/query/choose_funnel.h"

#include <algorithm>
#include <variant>

namespace tamis::engine {
namespace {

// The fatigue of the rule that `rotate_shown` adds. One impression takes 95% of an item's score; a day later it takes
// 78%.
constexpr double kFatigue = 0.95;

bool is_rotation(const RuleConfig& rule) {
  const auto* rotation = std::get_if<RotationRuleConfig>(&rule);
  return rotation != nullptr && rotation->type == "impression";
}

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

bool wants_rotation(const FunnelConfig& funnel, const RecommendRequest& request) {
  if (request.rotate_shown) return *request.rotate_shown;
  if (std::ranges::any_of(funnel.rules, is_rotation)) return true;
  const bool is_page = request.with_cursor || !request.cursor.empty();
  return funnel.rotate_shown == "always" || (funnel.rotate_shown == "pages" && is_page);
}

std::shared_ptr<const FunnelConfig> switch_rotation(std::shared_ptr<const FunnelConfig> funnel,
                                                    const RecommendRequest& request) {
  const bool wanted = wants_rotation(*funnel, request);
  if (wanted == std::ranges::any_of(funnel->rules, is_rotation)) return funnel;
  FunnelConfig switched = *funnel;
  if (!wanted) {
    std::erase_if(switched.rules, is_rotation);
  } else {
    // The rule goes after minimum_score, which would remove the items whose scores it lowers.
    const auto least = std::find_if(switched.rules.rbegin(), switched.rules.rend(), [](const RuleConfig& rule) {
      return std::holds_alternative<MinimumScoreRuleConfig>(rule);
    });
    switched.rules.insert(least.base(), RotationRuleConfig{.fatigue = kFatigue, .spare_taken = true});
  }
  return std::make_shared<const FunnelConfig>(std::move(switched));
}

}  // namespace tamis::engine
