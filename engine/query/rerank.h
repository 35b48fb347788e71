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
  // Takes out of a list of the fallback what rules have taken out of the ranked one, or would have.
  void screen(std::vector<models::ScoredId>* list) const;

 private:
  ranker::RuleContext rule_context(std::size_t rule) const;

  const RetrievalContext& context_;
  const FunnelConfig& funnel_;
  const RunOptions& options_;
  const UserState& person_;
  RequestItemFacts facts_;
  std::unordered_set<DenseId> removed_;
  std::vector<std::unique_ptr<ranker::Rule>> screens_;
};

}  // namespace tamis::engine
