// CalibratedRule: a list whose categories are spread as the user's history is (Steck 2018,
// doi:10.1145/3240323.3240372).
#pragma once

#include <map>

#include "ranker/rules/rule.h"

namespace tamis::ranker {

// Greedily maximises (1 - weight) * sum of scaled scores - weight * k * KL(p, q~) slot by slot: p the target shares of
// categories, q those of the slots so far, q~ = 0.99 q + 0.01 p. An item of several values counts a share to each. The
// target is what the caller's history says; categories of weight 0 are not wanted. O(k n values).
class CalibratedRule final : public Rule {
 public:
  using Shares = std::map<std::string, double, std::less<>>;
  struct Options {
    std::string field = {};
    Shares target = {};   // >= 0, made to sum to 1; empty: the rule does nothing
    double weight = 0.5;  // 0..1
  };
  // Errors: invalid_argument at the option.
  static Result<CalibratedRule> create(Options options);
  std::string_view name() const override { return "calibrated"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

  // KL(target, q~) of shares that are not smoothed yet; 0 where they agree.
  static double divergence(const Shares& target, const Shares& shares);

 private:
  explicit CalibratedRule(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace tamis::ranker
