#include "engine/query/explain.h"

#include <algorithm>

namespace tamis::engine {
namespace {

std::vector<std::pair<std::string, double>> strongest(const ReadState& state, Reasons reasons) {
  std::sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (reasons.size() > kMaxReasons) reasons.resize(kMaxReasons);
  std::vector<std::pair<std::string, double>> named;
  for (const auto& [item, share] : reasons) named.emplace_back(state.store->ids(EntityKind::kItem).name(item), share);
  return named;
}

}  // namespace

Result<ItemExplanation> explain_item(const RetrievalContext& context, std::span<const AskedRetriever> asked,
                                     const RankedItem& item) {
  ItemExplanation explanation;
  explanation.merged_score = item.score;
  for (const AskedRetriever& retriever : asked) {
    const auto& candidates = retriever.found->candidates;
    const auto place = std::find_if(candidates.begin(), candidates.end(),
                                    [&](const models::ScoredId& candidate) { return candidate.id == item.item; });
    if (place == candidates.end()) continue;
    TAMIS_ASSIGN_OR_RETURN(Reasons reasons,
                           find_retriever(retriever.config->kind)->explain(context, *retriever.config, item.item));
    explanation.retrieved_by.push_back({.retriever = retriever.found->label,
                                        .rank = static_cast<std::uint32_t>(place - candidates.begin() + 1),
                                        .score = place->score,
                                        .because = strongest(context.state, std::move(reasons))});
  }
  return explanation;
}

}  // namespace tamis::engine
