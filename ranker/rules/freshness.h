// FreshnessRule: lowers scores with the age that a timestamp feature tells.
#pragma once

#include "ranker/rules/rule.h"

namespace tamis::ranker {

// d(age) is 1 up to `offset_ms`; `scale_ms` later it is `decay`:
enum class Decay {
  kExponential,  // decay^(t / scale), t the age beyond the offset
  kGauss,        // decay^((t / scale)^2)
  kLinear,       // max(0, 1 - (1 - decay) t / scale)
};

class FreshnessRule final : public Rule {
 public:
  struct Options {
    // A feature that tells a time (common/feature_time.h). Items without one, and those whose time is still to come,
    // count as of age `missing_age_ms`.
    std::string field = {};
    Decay decay = Decay::kExponential;
    std::int64_t scale_ms = 7LL * 24 * 3600 * 1000;  // > 0
    std::int64_t offset_ms = 0;                      // >= 0
    double decay_at_scale = 0.5;                     // in (0, 1)
    double weight = 1;                               // 0..1: the score times 1 - weight + weight * d(age)
    std::int64_t missing_age_ms = 0;                 // >= 0
  };
  // Errors: invalid_argument at the option.
  static Result<FreshnessRule> create(Options options);

  std::string_view name() const override { return "freshness"; }
  void apply(CandidateList& list, const RuleContext& context) const override;
  // d(age), in 0..1; 1 for an age below 0.
  double decay(std::int64_t age_ms) const;

 private:
  explicit FreshnessRule(Options options) : options_(std::move(options)) {}
  Options options_;
};

}  // namespace tamis::ranker
