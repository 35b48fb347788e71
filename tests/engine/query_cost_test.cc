// The cost that is told before a query runs: light for what people ask, heavy for what would hold up others.
#include "engine/query/query_cost.h"

#include <gtest/gtest.h>

#include "engine/snapshot/recorded_queries.h"
#include "query_fixture.h"

namespace tamis::engine {
namespace {

constexpr double kLightUs = 5'000;  // what a server answers at once

class QueryCostTest : public ::testing::Test {
 protected:
  QueryCostTest() {
    for (int item = 0; item < 5'000; ++item) db_.store.items.assign("i" + std::to_string(item));
    auto space = std::make_shared<SpaceIndex>();
    space->space = {.name = "looks", .dim = 64};
    db_.spaces["looks"] = space;
  }
  double cost(std::uint32_t k, std::uint32_t candidates, std::vector<RuleConfig> rules,
              const std::string& ranker = "none") {
    FunnelConfig funnel;
    funnel.retrievers.emplace_back().kind = "latest";
    funnel.retrievers.back().quota = candidates;
    funnel.ranker.kind = ranker;
    funnel.ranker.candidates = candidates;
    funnel.rules = std::move(rules);
    return recommend_cost_us(db_.state(), {.k = k, .override_funnel = funnel});
  }

  QueryDatabase db_;
};

TEST_F(QueryCostTest, WhatPeopleAskIsLight) {
  EXPECT_LT(recommend_cost_us(db_.state(), {.user = "ada", .k = 20}), kLightUs);
  EXPECT_LT(cost(20, 500, {DiversityRuleConfig{.space = "looks"}, CapRuleConfig{}, FreshnessRuleConfig{}}), kLightUs);
  EXPECT_LT(cost(20, 500, {}, "dlrm"), kLightUs);
}

TEST_F(QueryCostTest, WhatWouldHoldUpOthersIsHeavy) {
  EXPECT_GT(cost(1'000, 5'000, {DiversityRuleConfig{.space = "looks"}}), 10 * kLightUs);
  EXPECT_GT(cost(1'000, 5'000, {DiversityRuleConfig{.method = "dpp", .space = "looks"}}), 10 * kLightUs);
  EXPECT_GT(cost(1'000, 5'000, {CalibratedRuleConfig{}}), 10 * kLightUs);
  EXPECT_GT(cost(10, 5'000, {}, "dlrm"), kLightUs);
  RecommendRequest exact{.user = "ada", .override_funnel = FunnelConfig{}};
  RetrieverConfig& ann = exact.override_funnel->retrievers.emplace_back();
  ann.kind = "ann";
  ann.space = "looks";
  ann.exact = true;
  const double of_5000 = recommend_cost_us(db_.state(), exact);
  for (int item = 0; item < 500'000; ++item) db_.store.items.assign("more" + std::to_string(item));
  EXPECT_GT(recommend_cost_us(db_.state(), exact), 10 * of_5000) << "a scan costs by the catalogue's size";
}

TEST_F(QueryCostTest, TheFirstFilterOverAFieldIsHeavy) {
  for (int item = 0; item < 6'000; ++item)
    db_.put_item("p" + std::to_string(item), {{"price", static_cast<double>(item)}});
  const Filter cheap{Filter::Op::kLess, {}, "price", {10.0}};
  RecommendRequest request{.user = "ada", .k = 20, .filter = cheap};
  EXPECT_GT(recommend_cost_us(db_.state(), request), kLightUs);
  EXPECT_GT(filter_cost_us(db_.state(), EntityKind::kItem, cheap), kLightUs);
  EXPECT_EQ(filter_cost_us(db_.state(), EntityKind::kUser, cheap), 0);
  db_.state().item_attributes->evaluate(cheap);
  EXPECT_LT(recommend_cost_us(db_.state(), request), kLightUs);
  EXPECT_EQ(filter_cost_us(db_.state(), EntityKind::kItem, cheap), 0);
}

TEST_F(QueryCostTest, NoMoreThanTheDataHoldCounts) {
  QueryDatabase small;
  RecommendRequest request{.k = 1'000, .override_funnel = FunnelConfig{}};
  request.override_funnel->retrievers.emplace_back().quota = 5'000;
  request.override_funnel->rules = {CalibratedRuleConfig{}};
  EXPECT_LT(recommend_cost_us(small.state(), request), kLightUs);
  EXPECT_EQ(recommend_cost_us(small.state(), {.funnel = "missing"}), 0);
}

TEST_F(QueryCostTest, AnExactSearchCostsByVectorsAndDimensions) {
  EXPECT_EQ(exact_search_cost_us(db_.state(), "looks"), 5'000 * 64 * 0.0005);
  EXPECT_EQ(exact_search_cost_us(db_.state(), "nothing"), 0);
}

// Commits wait while a snapshot records queries.
TEST_F(QueryCostTest, WhatASnapshotRecordsKeepsToItsBudget) {
  EXPECT_EQ(record_queries(db_.state(), 0, 1'000'000)->size(), 1u) << "of a stranger: there are no users";
  EXPECT_TRUE(record_queries(db_.state(), 0, 600)->empty()) << "bringing the lists up to date takes most of it";
  EXPECT_TRUE(record_queries(db_.state(), 0, 0)->empty());
}

}  // namespace
}  // namespace tamis::engine
