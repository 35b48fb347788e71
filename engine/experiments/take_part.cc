#include "engine/experiments/take_part.h"

#include "engine/experiments/experiment_set.h"

namespace tamis::engine {

std::vector<ServedArm> take_part(const ReadState& state, const RecommendRequest& request,
                                 std::shared_ptr<const FunnelConfig>* funnel) {
  if (state.experiments == nullptr || state.experiments->empty() || request.user.empty() || request.override_funnel)
    return {};
  const TimestampMs now_ms = request.as_of_ms.value_or(state.options->clock->now_ms());
  std::shared_ptr<const Entity> profile;
  if (const auto user = state.store->ids(EntityKind::kUser).find(request.user))
    profile = state.users->get(*user, now_ms);
  const auto stored = [&](const std::string& name) {
    const auto found = state.funnels.find(name);
    return found == state.funnels.end() ? nullptr : found->second;
  };
  return state.experiments->assign({.user = request.user, .profile = profile.get(), .now_ms = now_ms}, stored, funnel);
}

}  // namespace tamis::engine
