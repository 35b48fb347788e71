// A tower's backward pass against finite differences, and its inputs.
#include "models/two_tower/tower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "models/two_tower/feature_tokens.h"
#include "tests/models/nn/gradient_check.h"

namespace tamis::models {
namespace {

using nn::expect_gradient;
using nn::random_vector;

constexpr std::size_t kRows = 3;
constexpr std::size_t kDim = 6;

std::array<nn::Bags, 2> some_inputs() {
  std::array<nn::Bags, 2> inputs;
  inputs[0].add(1, 1);
  inputs[0].end_bag();
  inputs[0].add(0, 0.5F);
  inputs[0].add(3, -1);
  inputs[0].end_bag();
  inputs[0].add(2, 1);
  inputs[0].end_bag();
  for (std::uint32_t i = 0; i < kRows; ++i) {
    inputs[1].add(i % 2, 2);
    inputs[1].end_bag();
  }
  return inputs;
}

void check_gradients(const TowerOptions& options) {
  Random random(4);
  Tower tower(options, random);
  for (float& value : tower.network().values()) value = 0.4F * static_cast<float>(random.normal());
  const auto inputs = some_inputs();
  const auto weights = random_vector(kRows * kDim, random);
  const auto loss = [&] {
    Tower::Cache cache;
    EXPECT_TRUE(tower.forward(inputs, kRows, cache, {}).is_ok());
    return nn::weighted_sum(cache.out, weights);
  };
  Tower::Cache cache;
  ASSERT_TRUE(tower.forward(inputs, kRows, cache, {}).is_ok());
  Tower::TowerGradients gradients(tower);
  auto dout = weights;
  ASSERT_TRUE(tower.backward(inputs, kRows, dout.data(), cache, gradients, {.threads = 2}).is_ok());
  for (std::size_t t = 0; t < 2; ++t) {
    nn::EmbeddingTable& table = tower.table(t);
    std::vector<float> dense(table.values().size());
    const auto touched = gradients.tables[t]->touched();
    for (std::uint32_t slot = 0; slot < touched.size(); ++slot) {
      std::copy_n(gradients.tables[t]->at_slot(slot), kDim, dense.data() + touched[slot] * kDim);
    }
    expect_gradient("table", table.values(), dense, loss, random, 100);
  }
  if (tower.network().size() > 0) {
    expect_gradient("network", tower.network().values(), gradients.network.values(), loss, random, 100);
  }
}

TEST(Tower, GradientsMatchFiniteDifferences) {
  check_gradients({.dim = kDim, .hidden = 0, .unit_norm = true, .init_stddev = 1, .table_rows = {4, 2}});
}

TEST(Tower, GradientsOfTheResidualNetworkMatchFiniteDifferences) {
  check_gradients({.dim = kDim, .hidden = 5, .unit_norm = false, .init_stddev = 1, .table_rows = {4, 2}});
  check_gradients({.dim = kDim, .hidden = 5, .unit_norm = true, .init_stddev = 1, .table_rows = {4, 2}});
}

TEST(FeatureTokens, StandardizesNumbersAndSharesTheWeightOfSets) {
  const std::vector<Features> items = {{{"price", 10.0}, {"tags", std::vector<std::string>{"a", "b", "c", "d"}}},
                                       {{"price", 30.0}}};
  FeatureTokens tokens(1'000);
  tokens.fit({items});
  nn::Bags bags;
  tokens.append("item", items[0], bags);
  bags.end_bag();
  tokens.append("item", items[1], bags);
  bags.end_bag();
  EXPECT_THAT(std::vector<float>(bags.weights.begin(), bags.weights.begin() + 5),
              testing::ElementsAre(-1, 0.5F, 0.5F, 0.5F, 0.5F));
  EXPECT_EQ(bags.weights[5], 1);
  EXPECT_EQ(bags.ids[0], bags.ids[5]);  // one token per numeric field
}

TEST(FeatureTokens, TakesTheLargestNumbers) {
  const std::vector<Features> entities = {{{"n", 1e308}}, {{"n", -1e308}}, {{"n", 1.0}}, {{"n", -1.797e308}}};
  FeatureTokens tokens(64);
  tokens.fit({entities});
  EXPECT_TRUE(FeatureTokens::from_json(64, tokens.to_json()).is_ok()) << tokens.to_json();
}

TEST(FeatureTokens, KeepsScopesFieldsAndValuesApart) {
  FeatureTokens tokens(1U << 30U);
  nn::Bags bags;
  tokens.append("profile", {{"city", std::string("Paris")}}, bags);
  tokens.append("context", {{"city", std::string("Paris")}}, bags);
  tokens.append("profile", {{"town", std::string("Paris")}}, bags);
  tokens.append("profile", {{"city", std::string("Lyon")}}, bags);
  tokens.append("profile", {{"city", std::string("Paris")}}, bags);
  EXPECT_EQ(bags.ids[0], bags.ids[4]);
  EXPECT_EQ(std::set<std::uint32_t>(bags.ids.begin(), bags.ids.end()).size(), 4);
}

TEST(FeatureTokens, SurvivesSaving) {
  const std::vector<Features> items = {{{"price", 10.0}}, {{"price", 30.0}}};
  FeatureTokens tokens(64);
  tokens.fit({items});
  const auto restored = FeatureTokens::from_json(64, tokens.to_json());
  ASSERT_TRUE(restored.is_ok());
  nn::Bags before, after;
  tokens.append("item", items[1], before);
  restored->append("item", items[1], after);
  EXPECT_EQ(before.ids, after.ids);
  EXPECT_EQ(before.weights, after.weights);
  for (const char* bad : {"", "[]", "{\"a\":1}", "{\"a\":[1,0]}", "{\"a\":[1,\"x\"]}"}) {
    EXPECT_EQ(FeatureTokens::from_json(64, bad).status().code(), StatusCode::kCorruption) << bad;
  }
}

}  // namespace
}  // namespace tamis::models
