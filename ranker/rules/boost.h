// BoostRule: raises or buries items that a condition holds for.
#pragma once

#include "common/filter.h"
#include "ranker/rules/rule.h"

namespace tamis::ranker {

class BoostRule final : public Rule {
 public:
  struct Options {
    Filter condition = {};
    double multiply = 1;  // > 0; below 1 buries (scale_score(): negative scores move the same way)
    double add = 0;       // finite, after multiplying
  };
  // Errors: invalid_argument at "multiply" or "add".
  static Result<BoostRule> create(Options options);

  std::string_view name() const override { return "boost"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  explicit BoostRule(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace tamis::ranker
