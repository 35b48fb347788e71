#include "engine/learn/gate.h"

#include <gmock/gmock.h>

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;

GenerationInfo generation(double ials, double popular = 0.02) {
  GenerationInfo info;
  info.id = "g1";
  info.models = {"popular", "item_knn", "ials"};
  info.metrics = {
      {"popular", {{"ndcg@10", popular}}}, {"item_knn", {{"ndcg@10", 0.09}}}, {"ials", {{"ndcg@10", ials}}}};
  return info;
}

TEST(Gate, HoldsWithinTheToleranceOnly) {
  EXPECT_TRUE(check_gate(generation(0.10), generation(0.10), 0.02).holds);
  EXPECT_TRUE(check_gate(generation(0.0981), generation(0.10), 0.02).holds);
  const GateDecision worse = check_gate(generation(0.0979), generation(0.10), 0.02);
  EXPECT_FALSE(worse.holds);
  EXPECT_THAT(worse.reason, HasSubstr("0.0979"));
  EXPECT_THAT(worse.reason, HasSubstr("0.0980"));
}

TEST(Gate, HoldsWithNothingToCompareTo) {
  EXPECT_TRUE(check_gate(generation(0.0), std::nullopt, 0).holds);
  GenerationInfo unmeasured = generation(0);
  unmeasured.metrics.clear();
  EXPECT_TRUE(check_gate(unmeasured, generation(0.5), 0).holds);
  EXPECT_TRUE(check_gate(generation(0.1), unmeasured, 0).holds);
}

TEST(Gate, AHarderTailLowersTheBarAsMuchAsPopularLost) {
  EXPECT_TRUE(check_gate(generation(0.051, 0.01), generation(0.10, 0.02), 0).holds);
  EXPECT_FALSE(check_gate(generation(0.049, 0.01), generation(0.10, 0.02), 0).holds);
  // An easier one does not raise it.
  EXPECT_TRUE(check_gate(generation(0.10, 0.04), generation(0.10, 0.02), 0).holds);
}

TEST(Gate, WithoutIalsTheBestPersonalModelCounts) {
  GenerationInfo candidate = generation(0);
  candidate.models = {"popular", "item_knn"};
  candidate.metrics.erase("ials");
  EXPECT_TRUE(check_gate(candidate, generation(0.09), 0).holds);
  EXPECT_FALSE(check_gate(candidate, generation(0.10), 0).holds);
}

GenerationInfo with_funnel(double ndcg10, std::optional<double> serving, TimestampMs from_ms = 1'000) {
  GenerationInfo info = generation(0.1);
  info.sequence = 1'000;
  info.funnels["default"] = {
      .ndcg10 = ndcg10, .error = 0.005, .from_ms = from_ms, .serving_ndcg10 = serving, .users = 500};
  return info;
}

TEST(Gate, FunnelsAreComparedOnOneSplit) {
  const GenerationInfo serving = generation(0.1);
  EXPECT_TRUE(check_gate(with_funnel(0.100, 0.100), serving, 0.02).holds);
  const GateDecision worse = check_gate(with_funnel(0.090, 0.100), serving, 0.02);
  EXPECT_FALSE(worse.holds);
  EXPECT_THAT(worse.reason, HasSubstr("default"));
  EXPECT_THAT(worse.reason, HasSubstr("0.0900"));
  EXPECT_THAT(worse.reason, HasSubstr("0.0980"));
}

TEST(Gate, OneFunnelThatLosesIsEnough) {
  GenerationInfo candidate = with_funnel(0.2, 0.1);
  candidate.funnels["cart"] = {.ndcg10 = 0.01, .serving_ndcg10 = 0.05, .users = 500};
  const GateDecision decision = check_gate(candidate, generation(0.1), 0.02);
  EXPECT_FALSE(decision.holds);
  EXPECT_THAT(decision.reason, HasSubstr("cart"));
}

// Other models than the serving generation's say nothing of what people get.
TEST(Gate, FiguresOfDifferentModelsAreNotCompared) {
  GenerationInfo serving = generation(0.1);
  serving.models = {"bpr"};
  serving.metrics = {{"bpr", {{"ndcg@10", 0.2169}}}};
  GenerationInfo candidate = generation(0.1956);
  candidate.models = {"popular", "item_knn", "ials", "bpr"};
  candidate.metrics["bpr"] = {{"ndcg@10", 0.2169}};
  EXPECT_TRUE(check_gate(candidate, serving, 0.02).holds);
  candidate.metrics["bpr"]["ndcg@10"] = 0.1;
  EXPECT_FALSE(check_gate(candidate, serving, 0.02).holds);
}

TEST(Gate, ARecordedFigureCountsWithinChance) {
  const GenerationInfo serving = with_funnel(0.100, std::nullopt);
  EXPECT_TRUE(check_gate(with_funnel(0.100, 0.100), serving, 0.02).holds);
  EXPECT_FALSE(check_gate(with_funnel(0.097, 0.097), serving, 0.02).holds) << "the same tail: settings made it worse";
  EXPECT_TRUE(check_gate(with_funnel(0.090, 0.090, 2'000), serving, 0.02).holds) << "another tail: chance";
  EXPECT_FALSE(check_gate(with_funnel(0.080, 0.080, 2'000), serving, 0.02).holds);
}

TEST(Gate, WhatATinyGenerationRecordedIsNoBar) {
  GenerationInfo tiny = with_funnel(0.900, std::nullopt);
  GenerationInfo candidate = with_funnel(0.100, 0.100, 2'000);
  candidate.sequence = 100'000;
  EXPECT_TRUE(check_gate(candidate, tiny, 0.02).holds);
  tiny.funnels.clear();
  candidate.funnels.clear();
  tiny.metrics["ials"]["ndcg@10"] = 0.9;
  EXPECT_TRUE(check_gate(candidate, tiny, 0.02).holds);
}

TEST(Gate, MembersTooDearToTryMakeFiguresOfTwoKinds) {
  GenerationInfo serving = with_funnel(0.200, std::nullopt);
  GenerationInfo candidate = with_funnel(0.100, 0.100);
  candidate.funnels["default"].without = {"sasrec"};
  EXPECT_TRUE(check_gate(candidate, serving, 0.02).holds);
}

}  // namespace
}  // namespace tamis::engine
