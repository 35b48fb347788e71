#include "ranker/rules/boost.h"

#include <cmath>

namespace tamis::ranker {

Result<BoostRule> BoostRule::create(Options options) {
  if (!(options.multiply > 0) || !std::isfinite(options.multiply))
    return Status::invalid_argument("multiply is " + std::to_string(options.multiply) + ", expected a number above 0")
        .at_field("multiply");
  if (!std::isfinite(options.add)) return Status::invalid_argument("add is not finite").at_field("add");
  return BoostRule(std::move(options));
}

void BoostRule::apply(CandidateList& list, const RuleContext& context) const {
  for (Candidate& candidate : list) {
    if (!matches(options_.condition, context.items.id(candidate.item), context.items.features(candidate.item)))
      continue;
    candidate.score = scale_score(candidate.score, options_.multiply) + options_.add;
  }
  sort_by_score(list);
}

}  // namespace tamis::ranker
