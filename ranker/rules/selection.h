// Rules that remove items: a condition, a minimum score, one item per group.
#pragma once

#include "common/filter.h"
#include "ranker/rules/rule.h"

namespace tamis::ranker {

// Keeps what the condition holds for.
class FilterRule final : public Rule {
 public:
  explicit FilterRule(Filter condition) : condition_(std::move(condition)) {}
  std::string_view name() const override { return "filter"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  Filter condition_;
};

// Drops items that score below `least`, whatever their place.
class MinimumScoreRule final : public Rule {
 public:
  explicit MinimumScoreRule(double least) : least_(least) {}
  std::string_view name() const override { return "minimum_score"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  double least_;
};

// Keeps the first item of each value of a field of any kind (a product's variants, a series' episodes). Items without
// it stay; of a multi-valued field the first value counts.
class DedupeRule final : public Rule {
 public:
  explicit DedupeRule(std::string field) : field_(std::move(field)) {}
  std::string_view name() const override { return "dedupe"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  std::string field_;
};

}  // namespace tamis::ranker
