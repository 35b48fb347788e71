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

}  // namespace
}  // namespace tamis::engine
