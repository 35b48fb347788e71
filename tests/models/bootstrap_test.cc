#include "models/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "common/random.h"

namespace tamis::models {
namespace {

// For many values the percentile interval of a mean is mean +- 1.96 standard errors.
TEST(Bootstrap, AgreesWithTheNormalInterval) {
  Random random(7);
  std::vector<double> values(4000);
  double sum = 0;
  for (double& value : values) sum += value = random.uniform() < 0.3 ? 1 : 0;
  const double mean = sum / 4000;
  const double half_width = 1.96 * std::sqrt(mean * (1 - mean) / 4000);
  const Interval interval = bootstrap_mean(values, {.resamples = 2000});
  EXPECT_NEAR(interval.low, mean - half_width, 0.1 * half_width);
  EXPECT_NEAR(interval.high, mean + half_width, 0.1 * half_width);
  const Interval narrower = bootstrap_mean(values, {.resamples = 2000, .level = 0.5});
  EXPECT_NEAR(narrower.high - narrower.low, 2 * half_width * 0.6745 / 1.96, 0.1 * half_width);
}

TEST(Bootstrap, IsDeterministicBySeed) {
  const std::vector<double> values = {0, 1, 0, 0, 1, 0, 1, 1, 0, 0.25};
  const Interval first = bootstrap_mean(values, {.seed = 3});
  const Interval again = bootstrap_mean(values, {.seed = 3});
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
}

TEST(Bootstrap, SmallInputs) {
  EXPECT_EQ(bootstrap_mean({}).high, 0);
  const std::vector<double> one = {0.5};
  EXPECT_EQ(bootstrap_mean(one).low, 0.5);
  EXPECT_EQ(bootstrap_mean(one).high, 0.5);
  const std::vector<double> two = {0, 1};
  const Interval single_resample = bootstrap_mean(two, {.resamples = 1});
  EXPECT_EQ(single_resample.low, single_resample.high);
}

}  // namespace
}  // namespace tamis::models
