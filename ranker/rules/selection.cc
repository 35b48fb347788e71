#include "ranker/rules/selection.h"

#include <unordered_set>

#include "ranker/rules/group_keys.h"

namespace tamis::ranker {

void FilterRule::apply(CandidateList& list, const RuleContext& context) const {
  std::erase_if(list, [&](const Candidate& candidate) {
    return !matches(condition_, context.items.id(candidate.item), context.items.features(candidate.item));
  });
}

void MinimumScoreRule::apply(CandidateList& list, const RuleContext&) const {
  std::erase_if(list, [&](const Candidate& candidate) { return !(candidate.score >= least_); });
}

void DedupeRule::apply(CandidateList& list, const RuleContext& context) const {
  GroupKeys keys(field_);
  std::unordered_set<std::string_view> groups;
  std::erase_if(list, [&](const Candidate& candidate) {
    const auto values = keys.of(context.items.features(candidate.item));
    return !values.empty() && !groups.insert(values.front()).second;
  });
}

}  // namespace tamis::ranker
