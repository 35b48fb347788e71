// ValueScale: how values spread, those that are far out left aside.
#pragma once

#include <limits>
#include <span>

namespace tamis::models {

// A value type.
struct ValueScale {
  double mean = 0;                                  // of all values but the outliers
  double deviation = 1;                             // likewise; 1 where all are equal
  double low = -std::numeric_limits<float>::max();  // a value outside of low..high is an outlier and clipped to it
  double high = std::numeric_limits<float>::max();

  double clip(double value) const;
  bool is_outlier(double value) const { return !(value >= low && value <= high); }
  // The clipped value in deviations from the mean, at most four either way.
  double standardize(double value) const;
};

// The scale of `values`, which need not be finite. A value is an outlier where it lies further from the median than ten
// quartile ranges, three ranges from the 5th to the 95th percentile, and twice the median's size; low..high is the
// range of the others. O(values).
ValueScale measure_values(std::span<const double> values);

}  // namespace tamis::models
