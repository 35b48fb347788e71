// PinSage's convolution against finite differences, its walks and neighbourhoods against what they must find.
#include "models/pinsage/convolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "models/pinsage/neighborhood.h"
#include "models/pinsage/walk_neighbors.h"
#include "tests/models/nn/gradient_check.h"

namespace tamis::models {
namespace {

using nn::expect_gradient;
using nn::random_vector;
using testing::ElementsAre;

constexpr std::size_t kInputs = 5;
constexpr std::size_t kIn = 4;
constexpr std::size_t kHidden = 7;
constexpr std::size_t kOut = 6;

ConvolutionBlock some_block(bool has_self) {
  ConvolutionBlock block;
  if (has_self) block.self = {0, 1, 0};
  block.neighbors.add(1, 0.7F);
  block.neighbors.add(4, 0.3F);
  block.neighbors.end_bag();
  block.neighbors.add(2, 1);
  block.neighbors.end_bag();
  block.neighbors.add(0, 0.5F);
  block.neighbors.add(3, 0.5F);
  block.neighbors.end_bag();
  return block;
}

void check_gradients(bool has_self, bool rectify) {
  Random random(6);
  nn::Parameters parameters;
  const Convolution layer(parameters, "layer", kIn, kHidden, kOut, has_self, rectify, random);
  auto h = random_vector(kInputs * kIn, random);
  const ConvolutionBlock block = some_block(has_self);
  const auto weights = random_vector(block.outputs() * kOut, random);
  const auto loss = [&] {
    Convolution::Cache cache;
    EXPECT_TRUE(layer.forward(parameters, kInputs, h.data(), block, cache, {}).is_ok());
    return nn::weighted_sum(cache.out, weights);
  };
  Convolution::Cache cache;
  ASSERT_TRUE(layer.forward(parameters, kInputs, h.data(), block, cache, {}).is_ok());
  nn::Gradients gradients(parameters);
  auto dout = weights;
  std::vector<float> dh(h.size());
  ASSERT_TRUE(
      layer.backward(parameters, kInputs, h.data(), block, dout.data(), dh.data(), cache, gradients, {.threads = 2})
          .is_ok());
  expect_gradient("h", h, dh, loss, random, 40);
  expect_gradient("parameters", parameters.values(), gradients.values(), loss, random, 150);
}

TEST(Convolution, GradientsMatchFiniteDifferences) {
  check_gradients(true, false);
  check_gradients(true, true);
  check_gradients(false, false);
}

TEST(Convolution, ServesOneNodeAsItTrainsMany) {
  Random random(8);
  nn::Parameters parameters;
  const Convolution layer(parameters, "layer", kIn, kHidden, kOut, true, true, random);
  const auto h = random_vector(kInputs * kIn, random);
  const ConvolutionBlock block = some_block(true);
  Convolution::Cache cache;
  ASSERT_TRUE(layer.forward(parameters, kInputs, h.data(), block, cache, {}).is_ok());
  std::vector<float> sent;
  ASSERT_TRUE(layer.transform(parameters, kInputs, h.data(), sent, {}).is_ok());
  std::vector<float> pooled(kHidden);
  for (std::size_t d = 0; d < kHidden; ++d) pooled[d] = 0.7F * sent[kHidden + d] + 0.3F * sent[4 * kHidden + d];
  std::vector<float> out(kOut);
  layer.combine(parameters, h.data(), pooled.data(), out.data());
  for (std::size_t d = 0; d < kOut; ++d) EXPECT_NEAR(out[d], cache.out[d], 1e-5);
}

// Items 0..2 share users; 3 and 4 share others; nobody met 5.
InteractionMatrix two_islands() {
  return make_interaction_matrix(
      5, 6, {{0, 0}, {0, 1}, {1, 0}, {1, 1}, {2, 0}, {2, 1}, {2, 2}, {3, 3}, {3, 4}, {4, 3}, {4, 4}});
}

TEST(WalkNeighbors, FindsWhatTheGraphConnectsMostVisitedFirst) {
  const InteractionMatrix matrix = two_islands();
  const auto graph = walk_neighbors(matrix, matrix.transpose(), {.walks = 200, .length = 2, .neighbors = 1}, {});
  ASSERT_TRUE(graph.is_ok());
  const nn::Bags& bags = graph->neighbors;
  ASSERT_EQ(bags.size(), 6);
  EXPECT_THAT(bags.ids, ElementsAre(1, 0, testing::Lt(2U), 4, 3));  // item 2 meets 0 and 1 alike; item 5 has none
  EXPECT_THAT(bags.weights, testing::Each(1));
  EXPECT_THAT(graph->related_to(0), ElementsAre(2));
  EXPECT_TRUE(graph->related_to(5).empty());
}

TEST(WalkNeighbors, WeighsByVisitsAndIsTheSameForAnyNumberOfThreads) {
  const InteractionMatrix matrix = two_islands();
  const WalkOptions options{.walks = 5'000, .length = 1, .neighbors = 10};
  const auto one = walk_neighbors(matrix, matrix.transpose(), options, {.threads = 1});
  const auto many = walk_neighbors(matrix, matrix.transpose(), options, {.threads = 3});
  ASSERT_TRUE(one.is_ok() && many.is_ok());
  EXPECT_EQ(one->neighbors.ids, many->neighbors.ids);
  EXPECT_EQ(one->neighbors.weights, many->neighbors.weights);
  // From item 0: users 0 and 1 lead to item 1 in half of the cases, user 2 to items 1 and 2 in a third each.
  // P(1) : P(2) = (2/3 * 1/2 + 1/3 * 1/3) : (1/3 * 1/3) = 4 : 1.
  EXPECT_NEAR(one->neighbors.weights[0], 0.8, 0.02);
  EXPECT_NEAR(one->neighbors.weights[1], 0.2, 0.02);
}

TEST(Neighborhood, ExpandsLevelByLevel) {
  nn::Bags neighbors;  // a chain: i -> i + 1
  for (std::uint32_t i = 0; i < 6; ++i) {
    if (i + 1 < 6) neighbors.add(i + 1, 1);
    neighbors.end_bag();
  }
  Neighborhood neighborhood(neighbors);
  for (int repeat = 0; repeat < 2; ++repeat) {  // nothing is left of the call before
    const std::uint32_t wanted[] = {4, 1};
    neighborhood.expand(wanted, [](std::uint32_t) { return false; });
    EXPECT_THAT(neighborhood.inputs(), ElementsAre(4, 1, 5, 2, 3));
    EXPECT_THAT(neighborhood.second().self, ElementsAre(0, 1));
    EXPECT_THAT(neighborhood.second().neighbors.ids, ElementsAre(2, 3));    // items 5 and 2
    EXPECT_THAT(neighborhood.first().neighbors.ids, ElementsAre(2, 3, 4));  // of 4: 5; of 1: 2; of 5: none; of 2: 3
    EXPECT_EQ(neighborhood.first().outputs(), 4);
  }
  const std::uint32_t wanted[] = {4, 1};
  neighborhood.expand(wanted, [](std::uint32_t item) { return item == 4; });
  EXPECT_THAT(neighborhood.inputs(), ElementsAre(4, 1, 2, 3));
}

}  // namespace
}  // namespace tamis::models
