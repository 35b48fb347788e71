#include "ranker/rules/calibrated.h"

#include <algorithm>
#include <cmath>

#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

TEST(CalibratedRule, DivergenceByHand) {
  const CalibratedRule::Shares target = {{"a", 0.7}, {"b", 0.3}};
  EXPECT_NEAR(CalibratedRule::divergence(target, target), 0, 1e-12);
  // All a: .7 ln(.7 / .997) + .3 ln(.3 / .003)
  EXPECT_NEAR(CalibratedRule::divergence(target, {{"a", 1.0}}), 0.7 * std::log(0.7 / 0.997) + 0.3 * std::log(100.0),
              1e-12);
}

// A user who watched 70 romances and 30 action films gets seven and three, though romances score best (Steck's
// example).
TEST(CalibratedRule, SpreadsAListAsTheHistoryIs) {
  FakeItems items;
  std::vector<std::string> categories(20, "romance");
  categories.resize(40, "action");
  CandidateList list = categorized(items, categories);
  const auto rule =
      CalibratedRule::create({.field = "category", .target = {{"romance", 70}, {"action", 30}}, .weight = 0.9});
  ASSERT_TRUE(rule.is_ok());
  rule->apply(list, {.items = items, .k = 10});
  const auto actions = std::count_if(list.begin(), list.begin() + 10, [](const auto& c) { return c.item >= 20; });
  EXPECT_EQ(actions, 3);
  EXPECT_EQ(list[0].item, 0U) << "within a category the best come first";
  EXPECT_TRUE(
      std::is_sorted(list.begin() + 10, list.end(), [](const auto& a, const auto& b) { return a.score > b.score; }));

  list = categorized(items, categories);
  CalibratedRule::create({.field = "category", .target = {{"action", 1}}, .weight = 0})->apply(list, {.items = items});
  EXPECT_EQ(list[1].item, 1U) << "of weight 0 it does nothing";
  CalibratedRule::create({.field = "category", .target = {}})->apply(list, {.items = items});
  EXPECT_EQ(list[1].item, 1U) << "without a target neither";
}

TEST(CalibratedRule, RefusesOptionsOutOfRange) {
  const auto field = [](CalibratedRule::Options options) { return CalibratedRule::create(options).status().field(); };
  EXPECT_EQ(field({.field = ""}), "field");
  EXPECT_EQ(field({.field = "f", .weight = 1.5}), "weight");
  EXPECT_EQ(field({.field = "f", .target = {{"a", -1}}}), "target.a");
  EXPECT_EQ(field({.field = "f", .target = {{"a", 0}}}), "target");
}

}  // namespace
}  // namespace tamis::ranker
