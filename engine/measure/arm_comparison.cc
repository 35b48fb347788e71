#include "engine/measure/arm_comparison.h"

#include <algorithm>
#include <cmath>

#include "engine/measure/distributions.h"

namespace tamis::engine {
namespace {

// The mixture's precision per user: boundaries are tightest where V = 1 / rho solves the optimality condition of
// Waudby-Smith et al. 2021, appendix B.2 (approximately, by Lambert's W).
double mixture_rho(double planned_users, double alpha) {
  const double squared = -2 * std::log(alpha);
  return (squared + std::log(squared + 1)) / planned_users;
}

}  // namespace

void RatioSums::add(double user_x, double user_y) {
  users += 1;
  x += user_x;
  y += user_y;
  xx += user_x * user_x;
  xy += user_x * user_y;
  yy += user_y * user_y;
}

Estimate ratio_estimate(const RatioSums& sums) {
  Estimate estimate;
  estimate.users = sums.users;
  if (sums.y <= 0) return estimate;
  const double ratio = sums.x / sums.y;
  estimate.value = ratio;
  if (sums.users < 2) return estimate;
  const double residuals = std::max(0.0, sums.xx - 2 * ratio * sums.xy + ratio * ratio * sums.yy);
  estimate.standard_error = std::sqrt(residuals * sums.users / (sums.users - 1)) / sums.y;
  return estimate;
}

double always_valid_z(double users, double planned_users, double alpha) {
  const double scaled = users * mixture_rho(planned_users, alpha);
  return std::sqrt((scaled + 1) / scaled * (std::log(scaled + 1) - 2 * std::log(alpha)));
}

double always_valid_p(double z, double users, double planned_users, double alpha) {
  const double scaled = users * mixture_rho(planned_users, alpha);
  const double log_ratio = 0.5 * (z * z * scaled / (scaled + 1) - std::log(scaled + 1));
  return std::min(1.0, std::exp(-log_ratio));
}

MetricInterval interval_of(const Estimate& estimate, const IntervalOptions& options) {
  MetricInterval interval;
  interval.value = estimate.value;
  const double fixed = estimate.standard_error * normal_quantile(1 - options.alpha / 2);
  interval.low = estimate.value - fixed;
  interval.high = estimate.value + fixed;
  const double always = estimate.users < 1 ? 0
                                           : estimate.standard_error *
                                                 always_valid_z(estimate.users, options.planned_users, options.alpha);
  interval.always_low = estimate.value - always;
  interval.always_high = estimate.value + always;
  return interval;
}

ArmComparison compare(const Estimate& treated, const Estimate& control, const IntervalOptions& options) {
  ArmComparison result;
  Estimate difference;
  difference.users = treated.users + control.users;
  difference.value = treated.value - control.value;
  difference.standard_error = std::hypot(treated.standard_error, control.standard_error);
  result.difference = interval_of(difference, options);
  if (treated.users < 2 || control.users < 2 || difference.standard_error <= 0) return result;
  const double z = difference.value / difference.standard_error;
  result.p_value = two_sided_normal_p(z);
  result.always_valid_p_value = always_valid_p(z, difference.users, options.planned_users, options.alpha);
  result.is_significant = result.difference.always_low > 0 || result.difference.always_high < 0;
  if (control.value > 0) {  // the delta method for a ratio of independent estimates
    Estimate lift;
    lift.users = difference.users;
    lift.value = difference.value / control.value;
    lift.standard_error = std::hypot(treated.standard_error / control.value,
                                     treated.value * control.standard_error / (control.value * control.value));
    result.lift = interval_of(lift, options);
  }
  return result;
}

}  // namespace tamis::engine
