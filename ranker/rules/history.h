// Rules about what this user has met before: seen policies and rotation.
#pragma once

#include "ranker/rules/rule.h"

namespace tamis::ranker {

// What becomes of an item that the user has had an event of `type` with in the last `window_ms`: removed, or its score
// scaled. Several policies may hold for one item: each acts.
class SeenRule final : public Rule {
 public:
  struct Policy {
    std::string type = {};       // "purchase", "view", ...
    std::int64_t window_ms = 0;  // 0: for ever
    double multiply = 0;         // 0 removes, below 1 buries, above 1 raises (what people buy again); >= 0
  };
  // Errors: invalid_argument at "policies[i].<member>".
  static Result<SeenRule> create(std::vector<Policy> policies);
  std::string_view name() const override { return "seen"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  explicit SeenRule(std::vector<Policy> policies) : policies_(std::move(policies)) {}
  std::vector<Policy> policies_;
};

// Fatigue: an item shown to the user again and again without a click sinks, and recovers with time. The score is scaled
// by (1 - fatigue)^n, n the sum over the user's impressions of 2^-(age / half_life).
class RotationRule final : public Rule {
 public:
  struct Options {
    double fatigue = 0.2;                            // in [0, 1)
    std::int64_t half_life_ms = 24LL * 3600 * 1000;  // > 0
    std::string type = "impression";
    bool spare_taken = false;  // impressions that an event of another type followed do not count
  };
  static Result<RotationRule> create(Options options);
  std::string_view name() const override { return "rotation"; }
  void apply(CandidateList& list, const RuleContext& context) const override;

 private:
  explicit RotationRule(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace tamis::ranker
