#include "models/value_scale.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tamis::models {
namespace {

constexpr double kFarOut = 10;         // quartile ranges
constexpr double kFarOutOfTails = 3;   // ranges from the 5th to the 95th percentile
constexpr double kSpreadOfMedian = 2;  // sizes of the median, where all but a few are equal
constexpr double kMostDeviations = 4;  // that a value counts for
constexpr double kNegligible = 1e-6;   // a deviation beside the mean that is rounding alone

// The value at that share of the order; with `from_top`, as far from the greatest.
double quantile(std::vector<double>& values, double share, bool from_top = false) {
  auto place = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  if (from_top) place = static_cast<std::ptrdiff_t>(values.size()) - 1 - place;
  std::nth_element(values.begin(), values.begin() + place, values.end());
  return values[static_cast<std::size_t>(place)];
}

}  // namespace

double ValueScale::clip(double value) const { return std::clamp(value, low, high); }

double ValueScale::standardize(double value) const {
  return std::clamp((clip(value) - mean) / deviation, -kMostDeviations, kMostDeviations);
}

ValueScale measure_values(std::span<const double> all) {
  std::vector<double> values;
  std::copy_if(all.begin(), all.end(), std::back_inserter(values), [](double value) { return !std::isnan(value); });
  ValueScale scale;
  if (values.empty()) return scale;
  const double lower = quantile(values, 0.25);
  const double median = quantile(values, 0.5);
  const double upper = quantile(values, 0.75);
  const double tails = quantile(values, 0.95) - quantile(values, 0.95, true);
  const double reach =
      std::max({kFarOut * (upper - lower), kFarOutOfTails * tails, kSpreadOfMedian * std::fabs(median), 1.0});
  constexpr double kLargest = std::numeric_limits<float>::max();
  std::erase_if(values,
                [&](double value) { return !(std::fabs(value - median) <= reach) || std::fabs(value) > kLargest; });
  if (values.empty()) return scale;
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  scale.low = *low;
  scale.high = *high;
  const auto count = static_cast<double>(values.size());
  for (const double value : values) scale.mean += value / count;
  scale.mean = scale.clip(scale.mean);  // rounding can push it past the end where all are equal
  double variance = 0;
  for (const double value : values) variance += (value - scale.mean) * (value - scale.mean) / count;
  const double deviation = std::sqrt(variance);
  if (std::isfinite(deviation) && deviation > kNegligible * (1 + std::fabs(scale.mean))) scale.deviation = deviation;
  return scale;
}

}  // namespace tamis::models
