// Bootstrap confidence intervals (Efron 1979): how far a mean over users could have come out otherwise.
#pragma once

#include <cstdint>
#include <span>

namespace tamis::models {

struct BootstrapOptions {
  std::uint32_t resamples = 1000;  // >= 1; cost: values * resamples additions
  double level = 0.95;             // in (0, 1)
  std::uint64_t seed = 1;
};

struct Interval {
  double low = 0;
  double high = 0;
};

// The percentile interval of the mean of `values`, resampled with replacement. Both ends are the mean where there are
// fewer than two values. Deterministic by seed. REQUIRES: options in their ranges.
Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

}  // namespace tamis::models
