// Explanations of the items of an answer, read off the run that made it.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/query/funnel_run.h"
#include "engine/requests.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {

inline constexpr std::size_t kMaxReasons = 5;  // per item and retriever

// Externally synchronised; context, funnel and run outlive it. REQUIRES: the run kept its steps.
class Explainer {
 public:
  Explainer(const RetrievalContext& context, const FunnelConfig& funnel, const FunnelRun& run);

  // Who brought `item`, at which rank and score, and why, the strongest reasons first; what the ranker thought of it;
  // what each rule did to it.
  Result<ItemExplanation> explain(DenseId item) const;
  // Where each rule that changed the item's score or place moved it, in turn.
  std::vector<RuleEffect> rule_effects(DenseId item) const;

 private:
  // One retriever of the query as it was asked, and what it found.
  struct Asked {
    RetrieverConfig config;
    const CandidateList* found;
  };
  struct Place {
    std::uint32_t rank = 0;  // from 1
    double score = 0;
  };
  using Places = std::unordered_map<DenseId, Place>;
  static Places places_of(const ranker::CandidateList& list);

  const RetrievalContext& context_;
  const FunnelRun& run_;
  std::vector<Asked> asked_;
  std::unordered_map<DenseId, std::size_t> merged_;  // item -> index into run.merged.entries
  std::vector<Places> steps_;                        // before the rules, then after each
};

}  // namespace tamis::engine
