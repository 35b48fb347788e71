// Compares analytic gradients with central finite differences.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <span>
#include <vector>

#include "common/random.h"

namespace tamis::models::nn {

inline std::vector<float> random_vector(std::size_t size, Random& random, double scale = 1) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(scale * random.normal());
  return values;
}

// sum(weights * outputs): a scalar loss whose gradient by the outputs is `weights`.
inline double weighted_sum(std::span<const float> outputs, std::span<const float> weights) {
  double sum = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) sum += double{outputs[i]} * weights[i];
  return sum;
}

// Checks up to `samples` entries of `analytic` against (loss(v + h) - loss(v - h)) / 2h. `loss` reads `values`.
inline void expect_gradient(const char* what, std::span<float> values, std::span<const float> analytic,
                            const std::function<double()>& loss, Random& random, std::size_t samples = 60,
                            double tolerance = 2e-2) {
  ASSERT_EQ(values.size(), analytic.size());
  double largest = 1e-3;
  for (const float g : analytic) largest = std::max(largest, std::abs(double{g}));
  constexpr float kStep = 2e-3F;
  for (std::size_t sample = 0; sample < samples; ++sample) {
    const std::size_t i = random.below(static_cast<std::uint32_t>(values.size()));
    const float saved = values[i];
    values[i] = saved + kStep;
    const double above = loss();
    values[i] = saved - kStep;
    const double below = loss();
    values[i] = saved;
    const double numeric = (above - below) / (2 * double{kStep});
    EXPECT_NEAR(analytic[i], numeric, tolerance * largest) << what << " entry " << i;
  }
}

}  // namespace tamis::models::nn
