#include "engine/query/choose_funnel.h"

namespace tamis::engine {

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

}  // namespace tamis::engine
