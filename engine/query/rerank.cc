#include "engine/query/rerank.h"

#include <algorithm>
#include <utility>

#include "common/random.h"
#include "engine/query/funnel_members.h"
#include "engine/query/rule_factory.h"

namespace tamis::engine {

Reranker::Reranker(const RetrievalContext& context, const FunnelConfig& funnel, const RunOptions& options)
    : context_(context),
      funnel_(funnel),
      options_(options),
      person_(options.person == nullptr ? context.user : *options.person),
      facts_(context, person_, options.history) {}

ranker::RuleContext Reranker::rule_context(std::size_t rule) const {
  return {.items = facts_, .now_ms = context_.now_ms, .seed = Random(options_.seed + rule)(), .k = options_.k};
}

Status Reranker::apply(ranker::CandidateList* list, std::vector<RuleStep>* steps, StageClock* clock) {
  for (const ranker::Candidate& candidate : *list) removed_.insert(candidate.item);
  for (std::size_t i = 0; i < funnel_.rules.size(); ++i) {
    TAMIS_ASSIGN_OR_RETURN(auto rule, make_rule(funnel_.rules[i], context_, person_, facts_));
    facts_.use_space(space_of(funnel_.rules[i], context_.state));
    RuleStep& step = steps->emplace_back();
    step.report = ranker::apply_rule(*rule, *list, rule_context(i));
    step.report.rule = rule_kind(funnel_.rules[i]);
    step.is_over_budget = funnel_.rule_budget_us > 0 && step.report.microseconds > funnel_.rule_budget_us;
    if (options_.keep_steps) step.after = *list;
    clock->end_rule(step.report.rule, step.report.before, step.report.after, step.is_over_budget);
    if (is_screen(funnel_.rules[i])) screens_.push_back(std::move(rule));
  }
  for (const ranker::Candidate& candidate : *list) removed_.erase(candidate.item);
  return Status::ok();
}

void Reranker::screen(std::vector<models::ScoredId>* list) const {
  ranker::CandidateList candidates;
  for (const models::ScoredId& entry : *list) {
    if (!removed_.contains(entry.id)) candidates.push_back({.item = entry.id, .score = entry.score});
  }
  for (const auto& rule : screens_) rule->apply(candidates, rule_context(0));
  std::unordered_set<DenseId> kept;
  for (const ranker::Candidate& candidate : candidates) kept.insert(candidate.item);
  std::erase_if(*list, [&](const models::ScoredId& entry) { return !kept.contains(entry.id); });
}

}  // namespace tamis::engine
