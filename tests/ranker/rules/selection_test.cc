#include "ranker/rules/selection.h"

#include <cmath>

#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

TEST(FilterRule, KeepsWhatTheConditionHoldsFor) {
  FakeItems items;
  CandidateList list = categorized(items, {"shirt", "shoe", "shirt"});
  items[7].features = {};
  list.push_back({.item = 7, .score = 9});
  const Filter shirts{
      .op = Filter::Op::kEqual, .children = {}, .field = "category", .values = {FeatureValue(std::string("shirt"))}};
  FilterRule(shirts).apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 2}));
}

TEST(MinimumScoreRule, DropsWhatIsBelow) {
  FakeItems items;
  CandidateList list = scored({{0, 0.9}, {1, 0.5}, {2, 0.49}, {3, std::nan("")}});
  MinimumScoreRule(0.5).apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 1}));
}

TEST(DedupeRule, KeepsTheBestOfEachGroup) {
  FakeItems items;
  CandidateList list = categorized(items, {"shirt", "shoe", "shirt", "shoe", "hat"});
  items[5].features = {};
  items[6].features = {};
  list.push_back({.item = 5, .score = 0});
  list.push_back({.item = 6, .score = 0});
  DedupeRule("category").apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 1, 4, 5, 6}));
}

}  // namespace
}  // namespace tamis::ranker
