#include "models/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "common/random.h"

namespace tamis::models {

Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  if (values.empty()) return {};
  const auto count = static_cast<double>(values.size());
  if (values.size() < 2) return {values[0], values[0]};
  Random random(options.seed);
  std::vector<double> means(options.resamples);
  for (double& mean : means) {
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += values[random.below(static_cast<std::uint32_t>(values.size()))];
    }
    mean = sum / count;
  }
  std::sort(means.begin(), means.end());
  const double tail = (1 - options.level) / 2 * static_cast<double>(options.resamples);
  const auto low = static_cast<std::size_t>(std::floor(tail));
  const auto high = static_cast<std::size_t>(std::ceil(static_cast<double>(options.resamples) - tail)) - 1;
  return {means[std::min(low, means.size() - 1)], means[std::min(high, means.size() - 1)]};
}

}  // namespace tamis::models
