#include "models/nn/batch_norm.h"

#include <gtest/gtest.h>

#include "tests/models/nn/gradient_check.h"

namespace tamis::models::nn {
namespace {

TEST(BatchNorm, NormalizesColumnsByHandComputedValues) {
  Parameters parameters;
  const BatchNorm norm(parameters, "norm", 2);
  BatchNorm::Cache cache;
  cache.resize(2, 2);
  const float x[] = {1, 10, 3, 10};
  float y[4];
  norm.forward_train(parameters, 2, 0, 2, x, y, cache);
  EXPECT_NEAR(y[0], -1, 1e-4);  // mean 2, variance 1
  EXPECT_NEAR(y[2], 1, 1e-4);
  EXPECT_NEAR(y[1], 0, 1e-6);  // a constant column
  EXPECT_NEAR(y[3], 0, 1e-6);

  // Running averages moved a tenth of the way from (0, 1) to (2, 2), the unbiased variance; (10, 0) for the second.
  float scale[2];
  float shift[2];
  norm.affine(parameters, scale, shift);
  EXPECT_NEAR(scale[0], 1 / std::sqrt(1.1), 1e-5);
  EXPECT_NEAR(shift[0], -0.2 / std::sqrt(1.1), 1e-5);
  EXPECT_NEAR(scale[1], 1 / std::sqrt(0.9), 1e-5);
  EXPECT_NEAR(shift[1], -1.0 / std::sqrt(0.9), 1e-4);
}

TEST(BatchNorm, GradientsMatchFiniteDifferences) {
  Random random(3);
  Parameters parameters;
  const BatchNorm norm(parameters, "norm", 5);
  for (float& value : parameters.values()) value += static_cast<float>(0.3 * random.normal());
  auto x = random_vector(7 * 5, random, 2);
  const auto weights = random_vector(7 * 5, random);
  const std::vector<float> before(parameters.values().begin(), parameters.values().end());
  const auto loss = [&] {
    Parameters copy = parameters;
    BatchNorm::Cache cache;
    cache.resize(7, 5);
    std::vector<float> y(x.size());
    norm.forward_train(copy, 7, 0, 5, x.data(), y.data(), cache);
    return weighted_sum(y, weights);
  };
  BatchNorm::Cache cache;
  cache.resize(7, 5);
  std::vector<float> y(x.size());
  Parameters trained = parameters;
  norm.forward_train(trained, 7, 0, 5, x.data(), y.data(), cache);
  Gradients gradients(parameters);
  std::vector<float> dx(x.size());
  // In two pieces, as threads would.
  norm.backward(parameters, 7, 0, 2, weights.data(), dx.data(), cache, gradients);
  norm.backward(parameters, 7, 2, 5, weights.data(), dx.data(), cache, gradients);
  expect_gradient("x", x, dx, loss, random);
  expect_gradient("parameters", parameters.values(), gradients.values(), loss, random);
}

}  // namespace
}  // namespace tamis::models::nn
