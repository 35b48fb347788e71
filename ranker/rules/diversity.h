// Diversity: lists whose items are unlike each other, by the cosine of their vectors in a space.
#pragma once

#include "ranker/rules/rule.h"

namespace tamis::ranker {

// Maximal marginal relevance (Carbonell & Goldstein 1998, doi:10.1145/290941.291025): each slot takes the item with the
// largest relevance * score - (1 - relevance) * (greatest similarity to those before), scores scaled to 0..1 over the
// list. An item without a vector is as like any other as two with one are on average. O(k n dim).
class MmrRule final : public Rule {
 public:
  // `relevance` in 0..1: 1 keeps the order, 0 looks at similarity alone. Errors: invalid_argument.
  static Result<MmrRule> create(double relevance);
  std::string_view name() const override { return "mmr"; }
  void apply(CandidateList& list, const RuleContext& context) const override;
  std::string note(const CandidateList& list, const RuleContext& context) const override;

 private:
  explicit MmrRule(double relevance) : relevance_(relevance) {}
  double relevance_;
};

// The greedy most probable list of a determinantal point process (Chen, Zhang & Zhou 2018, arXiv:1709.05135): the
// kernel is q_i q_j (1 + cos(i, j)) / 2 with quality q = exp(relevance * scaled score), so that each slot takes what
// adds most to the volume that the list spans. Slots that nothing can add to are filled by score. An item without a
// vector adds what the others with one would on average. O(k n (k + dim)), memory O(k n).
class DppRule final : public Rule {
 public:
  // `relevance` in 0..50: 0 looks at similarity alone. Errors: invalid_argument.
  static Result<DppRule> create(double relevance);
  std::string_view name() const override { return "dpp"; }
  void apply(CandidateList& list, const RuleContext& context) const override;
  std::string note(const CandidateList& list, const RuleContext& context) const override;

 private:
  explicit DppRule(double relevance) : relevance_(relevance) {}
  double relevance_;
};

// 1 - mean cosine over the pairs of the first `k` items (Ziegler et al. 2005): what the rules raise. 0 below two items.
double intra_list_diversity(const CandidateList& list, const ItemFacts& items, std::size_t k);

}  // namespace tamis::ranker
