#include "models/mf/mf.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>
#include <limits>

#include "common/random.h"

namespace tamis::models {
namespace {

// Ratings of a planted model: 3 + biases + one factor of each, two thirds of the pairs.
std::vector<Rating> planted(std::uint32_t users, std::uint32_t items) {
  Random random(5);
  std::vector<double> user_bias(users), item_bias(items), user_factor(users), item_factor(items);
  for (double& value : user_bias) value = 0.5 * random.normal();
  for (double& value : item_bias) value = 0.5 * random.normal();
  for (double& value : user_factor) value = random.normal();
  for (double& value : item_factor) value = random.normal();
  std::vector<Rating> ratings;
  for (std::uint32_t user = 0; user < users; ++user) {
    for (std::uint32_t item = 0; item < items; ++item) {
      if (random.uniform() > 0.67) continue;
      const double value = 3 + user_bias[user] + item_bias[item] + user_factor[user] * item_factor[item];
      ratings.push_back({user, item, static_cast<float>(value)});
    }
  }
  return ratings;
}

double rmse(const MfModel& model, std::span<const Rating> ratings) {
  double sum = 0;
  for (const Rating& rating : ratings) sum += std::pow(rating.value - model.predict(rating.user, rating.item), 2);
  return std::sqrt(sum / static_cast<double>(ratings.size()));
}

// One rating and one epoch: a single step, by the formulas of Koren, Bell & Volinsky 2009.
TEST(TrainMf, OneStepByHand) {
  const Rating rating{.user = 0, .item = 0, .value = 4};
  const MfOptions options{.dim = 1, .epochs = 1, .learning_rate = 0.1, .rate_decay = 1, .regularization = 0.5};
  MfOptions untouched = options;
  untouched.learning_rate = 1e-12;
  const auto before = train_mf(1, 1, {&rating, 1}, untouched, {});
  const auto after = train_mf(1, 1, {&rating, 1}, options, {});
  ASSERT_TRUE(before.is_ok() && after.is_ok());
  const float p = before->user_factors[0];
  const float q = before->item_factors[0];
  const float error = 4 - (4 + p * q);  // the mean is 4, biases start at 0
  EXPECT_FLOAT_EQ(after->mean, 4);
  EXPECT_NEAR(after->user_bias[0], 0.1F * error, 1e-6);
  EXPECT_NEAR(after->item_bias[0], 0.1F * error, 1e-6);
  EXPECT_NEAR(after->user_factors[0], p + 0.1F * (error * q - 0.5F * p), 1e-6);
  EXPECT_NEAR(after->item_factors[0], q + 0.1F * (error * p - 0.5F * q), 1e-6);
}

TEST(TrainMf, FindsThePlantedStructureThatBiasesMiss) {
  const std::vector<Rating> ratings = planted(80, 60);
  std::vector<Rating> train;
  std::vector<Rating> held_out;
  for (std::size_t i = 0; i < ratings.size(); ++i) (i % 5 == 0 ? held_out : train).push_back(ratings[i]);
  const MfOptions options{.dim = 4,
                          .epochs = 120,
                          .learning_rate = 0.03,
                          .rate_decay = 0.99,
                          .regularization = 0.01,
                          .bias_regularization = 0.01};
  MfOptions biases = options;
  biases.dim = 0;
  const auto factors = train_mf(80, 60, train, options, {});
  const auto plain = train_mf(80, 60, train, biases, {});
  ASSERT_TRUE(factors.is_ok() && plain.is_ok());
  EXPECT_LT(rmse(*factors, held_out), 0.35);
  EXPECT_GT(rmse(*plain, held_out), 0.8);  // the planted product has a deviation of 1
}

TEST(TrainMf, TheNumberOfThreadsChangesNoBit) {
  const std::vector<Rating> ratings = planted(50, 40);
  const MfOptions options{.dim = 8, .epochs = 5};
  const auto one = train_mf(50, 40, ratings, options, {.threads = 1});
  const auto four = train_mf(50, 40, ratings, options, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  EXPECT_EQ(one->user_factors, four->user_factors);
  EXPECT_EQ(one->item_factors, four->item_factors);
  EXPECT_EQ(one->user_bias, four->user_bias);
  EXPECT_EQ(one->item_bias, four->item_bias);
}

TEST(TrainMf, WhoeverWasNeverRatedAddsNothing) {
  const std::vector<Rating> ratings = {{0, 0, 1}, {0, 1, 5}, {1, 0, 2}};
  const auto model = train_mf(3, 3, ratings, {.dim = 2, .epochs = 3}, {});
  ASSERT_TRUE(model.is_ok());
  EXPECT_EQ(model->predict(2, 2), model->mean);
  EXPECT_EQ(model->predict(2, 1), model->mean + model->item_bias[1]);
}

TEST(TrainMf, RefusesBadInputAndSaysWhenItDiverges) {
  const Rating rating{.user = 0, .item = 0, .value = 4};
  EXPECT_EQ(validate(MfOptions{.dim = 4096}).field(), "dim");
  EXPECT_EQ(validate(MfOptions{.epochs = 0}).field(), "epochs");
  EXPECT_EQ(validate(MfOptions{.learning_rate = 0}).field(), "learning_rate");
  EXPECT_EQ(validate(MfOptions{.rate_decay = 2}).field(), "rate_decay");
  EXPECT_EQ(validate(MfOptions{.regularization = -1}).field(), "regularization");
  EXPECT_EQ(validate(MfOptions{.bias_regularization = -1}).field(), "bias_regularization");
  EXPECT_EQ(validate(MfOptions{.init_stddev = 0}).field(), "init_stddev");
  EXPECT_EQ(train_mf(1, 1, {}, {}, {}).status().code(), StatusCode::kFailedPrecondition);
  const Rating broken{.user = 0, .item = 0, .value = std::numeric_limits<float>::infinity()};
  EXPECT_EQ(train_mf(1, 1, {&broken, 1}, {}, {}).status().field(), "rating");
  const std::vector<Rating> ratings = planted(20, 20);
  const auto diverged = train_mf(20, 20, ratings, {.dim = 4, .epochs = 200, .learning_rate = 5}, {});
  EXPECT_EQ(diverged.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(diverged.status().field(), "learning_rate");
  const std::atomic<bool> cancelled = true;
  EXPECT_EQ(train_mf(1, 1, {&rating, 1}, {}, {.cancelled = &cancelled}).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tamis::models
