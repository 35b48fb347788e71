// The members of a funnel document: the one place that says their names, ranges and meanings.
#pragma once

#include "engine/documents/members.h"
#include "engine/funnel.h"

namespace tamis::engine {

void describe(Members& members, FunnelConfig& funnel);
// One rule of "rules", by its "kind".
void describe(Members& members, RuleConfig& rule);

// "freshness": the kind of a rule in documents, metrics and explanations.
std::string_view rule_kind(const RuleConfig& rule);

}  // namespace tamis::engine
