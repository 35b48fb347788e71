// The members of a funnel document: the one place that says their names, ranges and meanings.
#pragma once

#include <string_view>
#include <vector>

#include "engine/documents/members.h"
#include "engine/funnel.h"

namespace tamis::engine {

void describe(Members& members, FunnelConfig& funnel);
// One rule of "rules", by its "kind".
void describe(Members& members, RuleConfig& rule);

// "freshness": the kind of a rule in documents, metrics and explanations.
std::string_view rule_kind(const RuleConfig& rule);

// Rules that score come first, since they sort by score again; then those that choose an order; then exploration, whose
// propensities hold for the order it leaves; pins last. Rules that only remove stand anywhere before exploration
// (rule_order.cc).
void refuse_misplaced_rules(Members& members, const std::vector<RuleConfig>& rules);

}  // namespace tamis::engine
