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

Explainer::Explainer(const RetrievalContext& context, const FunnelConfig& funnel, const FunnelRun& run)
    : context_(context), run_(run) {
  for (std::size_t i = 0; i < run.lists.size(); ++i) asked_.push_back({funnel.retrievers[i], &run.lists[i]});
  if (!run.new_items.candidates.empty())
    asked_.push_back({{.kind = "latest", .quota = 1, .weight = 1, .space = {}}, &run.new_items});
  for (const CandidateList& list : run.fallback_lists) {
    const bool is_asked_before = std::any_of(run.lists.begin(), run.lists.end(), [&](const CandidateList& retrieved) {
      return retrieved.label == list.label;
    });
    if (!is_asked_before) asked_.push_back({{.kind = list.label, .quota = 1, .weight = 1, .space = {}}, &list});
  }
  for (std::size_t i = 0; i < run.merged.entries.size(); ++i) merged_[run.merged.entries[i].item] = i;
  if (run.rules.empty()) return;
  steps_.push_back(places_of(run.before_rules));
  for (const RuleStep& step : run.rules) steps_.push_back(places_of(step.after));
}

Explainer::Places Explainer::places_of(const ranker::CandidateList& list) {
  Places places;
  for (const ranker::Candidate& candidate : list)
    places.emplace(candidate.item, Place{static_cast<std::uint32_t>(places.size() + 1), candidate.score});
  return places;
}

std::vector<RuleEffect> Explainer::rule_effects(DenseId item) const {
  std::vector<RuleEffect> effects;
  for (std::size_t i = 0; i < run_.rules.size(); ++i) {
    const auto place_in = [&](const Places& places) {
      const auto found = places.find(item);
      return found == places.end() ? Place{} : found->second;
    };
    const Place before = place_in(steps_[i]);
    const Place after = place_in(steps_[i + 1]);
    if (before.rank == after.rank && before.score == after.score) continue;
    effects.push_back({.rule = run_.rules[i].report.rule,
                       .score_before = before.score,
                       .score_after = after.score,
                       .rank_before = before.rank,
                       .rank_after = after.rank});
  }
  return effects;
}

Result<ItemExplanation> Explainer::explain(DenseId item) const {
  ItemExplanation explanation;
  for (const Asked& asked : asked_) {
    const auto& candidates = asked.found->candidates;
    const auto place = std::find_if(candidates.begin(), candidates.end(),
                                    [&](const models::ScoredId& candidate) { return candidate.id == item; });
    if (place == candidates.end()) continue;
    TAMIS_ASSIGN_OR_RETURN(Reasons reasons, find_retriever(asked.config.kind)->explain(context_, asked.config, item));
    explanation.retrieved_by.push_back({.retriever = asked.found->label,
                                        .rank = static_cast<std::uint32_t>(place - candidates.begin() + 1),
                                        .score = place->score,
                                        .because = strongest(context_.state, std::move(reasons))});
  }
  if (const auto merged = merged_.find(item); merged != merged_.end()) {
    const std::size_t index = merged->second;
    explanation.merged_score = run_.merged.entries[index].score;
    explanation.merged_rank = static_cast<std::uint32_t>(index + 1);
    if (!run_.ranking.scores.empty()) explanation.ranker_score = run_.ranking.scores[index];
    for (const ObjectiveScores& objective : run_.ranking.objectives)
      explanation.objectives[objective.name] = objective.scores[index];
  }
  explanation.rules = rule_effects(item);
  return explanation;
}

}  // namespace tamis::engine
