// Re-ranking: a funnel's rules over a ranked list.
#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "engine/query/funnel_run.h"
#include "engine/query/item_facts.h"

namespace tamis::engine {

// The rules of one request. Externally synchronised; what it is made from outlives it.
class Reranker {
 public:
  Reranker(const RetrievalContext& context, const FunnelConfig& funnel, const RunOptions& options);

  // Applies every rule in turn. Rule i draws from the request's seed and from i.
  Status apply(ranker::CandidateList* list, std::vector<RuleStep>* steps, StageClock* clock);
  // Takes out of a list of the fallback what rules have taken out of the ranked one, or would have, had the list stood
  // behind `answer`.
  void screen(const std::vector<RankedItem>& answer, std::vector<models::ScoredId>* list) const;

 private:
  ranker::RuleContext rule_context(std::size_t rule) const;
  // Which of `items`, put behind `before` one after the other, the rules so far would leave there.
  std::unordered_set<DenseId> passing(const std::vector<DenseId>& before, const std::vector<DenseId>& items) const;
  // Without the pins that would bring in what the rules so far took out, or would have.
  PinRuleConfig allowed_pins(const PinRuleConfig& pins, const ranker::CandidateList& list) const;

  const RetrievalContext& context_;
  const FunnelConfig& funnel_;
  const RunOptions& options_;
  const UserState& person_;
  RequestItemFacts facts_;
  std::unordered_set<DenseId> removed_;  // from the ranked list, or not yet out of it while apply() runs
  std::vector<std::unique_ptr<ranker::Rule>> screens_;
};

}  // namespace tamis::engine
