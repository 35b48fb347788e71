#include "ranker/rules/freshness.h"

#include <algorithm>
#include <cmath>

#include "common/feature_time.h"

namespace tamis::ranker {

Result<FreshnessRule> FreshnessRule::create(Options options) {
  if (options.field.empty()) return Status::invalid_argument("a field is needed").at_field("field");
  if (options.scale_ms <= 0) return Status::invalid_argument("scale_ms must be above 0").at_field("scale_ms");
  if (options.offset_ms < 0) return Status::invalid_argument("offset_ms must not be negative").at_field("offset_ms");
  if (options.missing_age_ms < 0)
    return Status::invalid_argument("missing_age_ms must not be negative").at_field("missing_age_ms");
  if (!(options.decay_at_scale > 0 && options.decay_at_scale < 1))
    return Status::invalid_argument("decay_at_scale must lie between 0 and 1").at_field("decay_at_scale");
  if (!(options.weight >= 0 && options.weight <= 1))
    return Status::invalid_argument("weight must lie in 0..1").at_field("weight");
  return FreshnessRule(std::move(options));
}

double FreshnessRule::decay(std::int64_t age_ms) const {
  const double beyond = std::max(0.0, static_cast<double>(age_ms) - static_cast<double>(options_.offset_ms));
  const double t = beyond / static_cast<double>(options_.scale_ms);
  switch (options_.decay) {
    case Decay::kExponential: return std::pow(options_.decay_at_scale, t);
    case Decay::kGauss: return std::pow(options_.decay_at_scale, t * t);
    case Decay::kLinear: return std::max(0.0, 1 - (1 - options_.decay_at_scale) * t);
  }
  return 1;
}

void FreshnessRule::apply(CandidateList& list, const RuleContext& context) const {
  constexpr double kLeast = 1e-9;  // keeps the order among items that have decayed to nothing
  for (Candidate& candidate : list) {
    const auto time_ms = find_time(context.items.features(candidate.item), options_.field);
    const bool has_come = time_ms && *time_ms <= context.now_ms;
    const std::int64_t age_ms = has_come ? context.now_ms - *time_ms : options_.missing_age_ms;
    const double factor = 1 - options_.weight + options_.weight * decay(age_ms);
    candidate.score = scale_score(candidate.score, std::max(factor, kLeast));
  }
  sort_by_score(list);
}

}  // namespace tamis::ranker
