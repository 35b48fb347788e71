#include "models/nn/binary_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/nn/gradient_check.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kRows = 3, kDim = 4, kClasses = 6, kNegatives = 2;
constexpr std::uint32_t kTargets[] = {0, 5, 2};
constexpr std::uint32_t kSampled[] = {1, 3, 4, 4, 0, 1};

TEST(BinaryLoss, GradientsMatchFiniteDifferences) {
  Random random(4);
  auto x = random_vector(kRows * kDim, random);
  auto embeddings = random_vector(kClasses * kDim, random);
  const BinaryLossOptions options{.dim = kDim, .negatives = kNegatives, .positive_power = 0.3F};
  const auto run = [&](std::vector<float>& dx, std::vector<float>& dembeddings) {
    dx.assign(x.size(), 7.0F);  // overwritten
    dembeddings.assign(embeddings.size(), 0.0F);
    return 0.5 * binary_loss(options, kRows, x.data(), embeddings.data(), kTargets, kSampled, 0.5F, dx.data(),
                             dembeddings.data());
  };
  std::vector<float> dx, dembeddings, ignored, ignored_too;
  run(dx, dembeddings);
  const auto loss = [&] { return run(ignored, ignored_too); };
  expect_gradient("x", x, dx, loss, random);
  expect_gradient("embeddings", embeddings, dembeddings, loss, random);
}

TEST(BinaryLoss, IsTheSumOfLogs) {
  const std::vector<float> x = {2};
  const std::vector<float> embeddings = {1, -0.5F};
  const std::uint32_t target[] = {0}, negative[] = {1};
  std::vector<float> dx(1), dembeddings(2);
  const double loss = binary_loss({.dim = 1, .negatives = 1, .positive_power = 0.5F}, 1, x.data(), embeddings.data(),
                                  target, negative, 1, dx.data(), dembeddings.data());
  EXPECT_NEAR(loss, 0.5 * std::log(1 + std::exp(-2.0)) + std::log(1 + std::exp(-1.0)), 1e-6);
}

// Section 5 of the paper: t = 0 is BCE, t = 1 the sampling rate.
TEST(BinaryLoss, PowerOfGbce) {
  EXPECT_FLOAT_EQ(gbce_positive_power(256, 3416, 0), 1);
  EXPECT_FLOAT_EQ(gbce_positive_power(256, 3416, 1), 256.0F / 3415);
  EXPECT_NEAR(gbce_positive_power(256, 3416, 0.75), 256.0 / 3415 * (0.75 * (1 - 3415.0 / 256) + 3415.0 / 256), 1e-6);
  EXPECT_FLOAT_EQ(gbce_positive_power(5000, 100, 0.75), 1);
}

}  // namespace
}  // namespace tamis::models::nn
