#include "engine/interaction_weight.h"

#include <gtest/gtest.h>

#include <limits>

namespace tamis::engine {
namespace {

const std::map<std::string, double> kWeights = {{"view", 1}, {"purchase", 5}, {"impression", 0}, {"rating", 0.5}};

TEST(InteractionWeight, IsThatOfTheType) {
  EXPECT_EQ(interaction_weight("purchase", 1, kWeights), 5);
  EXPECT_EQ(interaction_weight("view", 1, kWeights), 1);
  EXPECT_EQ(interaction_weight("unheard-of", 1, kWeights), 1);
  EXPECT_EQ(interaction_weight("impression", 1, kWeights), 0);
}

TEST(InteractionWeight, QuantitiesDoNotScaleIt) {
  EXPECT_EQ(interaction_weight("purchase", 12, kWeights), 5);
  EXPECT_EQ(interaction_weight("view", 0.25, kWeights), 1);
}

TEST(InteractionWeight, RatingsCountAsTheyAre) {
  EXPECT_EQ(interaction_weight("rating", 8, kWeights), 4);
  EXPECT_EQ(interaction_weight("rating", 0, kWeights), 0);
}

TEST(InteractionWeight, ReturnsAndNonsenseTeachNothing) {
  EXPECT_EQ(interaction_weight("purchase", 0, kWeights), 0);
  EXPECT_EQ(interaction_weight("purchase", -3, kWeights), 0);
  EXPECT_EQ(interaction_weight("purchase", std::numeric_limits<double>::quiet_NaN(), kWeights), 0);
  EXPECT_EQ(interaction_weight("rating", std::numeric_limits<double>::infinity(), kWeights), 0);
}

TEST(InteractionWeight, TakesTheOptionsOfTheDatabase) {
  const DatabaseOptions options;
  EXPECT_EQ(interaction_weight(options, "like", 1), 3);
}

}  // namespace
}  // namespace tamis::engine
