// RatingMean: what one user's ratings are compared with, so that ratings become preferences.
#pragma once

#include <cstddef>

namespace tamis::models {

// The mean of the user's ratings in deviations of their scales (ValueScale::standardize()), drawn towards everybody's
// while they are few. A value type.
class RatingMean {
 public:
  void add(double standardized) {
    sum_ += standardized;
    ++count_;
  }
  // What a rating weighs: 1 at the user's mean, more above it, less below it; below 0 it speaks against the item.
  double preference(double standardized) const {
    constexpr double kAtTheMean = 1;
    constexpr double kDrawnToAll = 3;  // ratings at everybody's mean that a user's mean starts from
    return kAtTheMean + standardized - sum_ / (static_cast<double>(count_) + kDrawnToAll);
  }

 private:
  double sum_ = 0;
  std::size_t count_ = 0;
};

}  // namespace tamis::models
