// Which member of a funnel is which, for funnels that leave some to their base.
#include <algorithm>

#include "engine/funnel.h"

namespace tamis {

void inherit_members(const FunnelConfig& base, FunnelConfig* funnel) {
  const auto follows = [&](std::string_view member) {
    return std::find(funnel->inherited.begin(), funnel->inherited.end(), member) != funnel->inherited.end();
  };
  if (follows("retrievers")) funnel->retrievers = base.retrievers;
  if (follows("merge")) funnel->merge = base.merge;
  if (follows("exclude_seen")) funnel->exclude_seen = base.exclude_seen;
  if (follows("seen_types")) funnel->seen_types = base.seen_types;
  if (follows("rotate_shown")) funnel->rotate_shown = base.rotate_shown;
  if (follows("filter")) funnel->filter = base.filter;
  if (follows("ranker")) funnel->ranker = base.ranker;
  if (follows("rules")) funnel->rules = base.rules;
  if (follows("rule_budget_us")) funnel->rule_budget_us = base.rule_budget_us;
  if (follows("fallback")) funnel->fallback = base.fallback;
  if (follows("impressions")) funnel->impressions = base.impressions;
}

}  // namespace tamis
