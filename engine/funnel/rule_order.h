// In which order rules make sense.
#pragma once

#include <vector>

#include "engine/documents/members.h"
#include "engine/funnel.h"

namespace tamis::engine {

// Rules that score come first, since they sort by score again; then those that choose an order; then exploration, whose
// propensities hold for the order it leaves; pins last. Rules that only remove stand anywhere before exploration.
void refuse_misplaced_rules(Members& members, const std::vector<RuleConfig>& rules);

}  // namespace tamis::engine
