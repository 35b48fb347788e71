#include "ranker/rules/caps.h"

#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

TEST(CapRule, MovesWhatIsOverBehindTheSlots) {
  FakeItems items;
  CandidateList list = categorized(items, {"a", "a", "a", "b", "a", "c", "b"});
  CapRule::create({.field = "category", .most = 2})->apply(list, {.items = items, .k = 4});
  EXPECT_EQ(order(list), (Order{0, 1, 3, 5, 2, 4, 6}));
  list = categorized(items, {"a", "a", "a", "b"});
  CapRule::create({.field = "category", .most = 1, .strict = true})->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 3}));
}

TEST(CapRule, CountsEachValueOfAnItemAndFreesThoseWithout) {
  FakeItems items;
  items[0].features = {{"tags", std::vector<std::string>{"x", "y"}}};
  items[1].features = {{"tags", std::vector<std::string>{"y"}}};
  items[2].features = {};
  items[3].features = {{"tags", std::vector<std::string>{"z"}}};
  CandidateList list = scored({{0, 4}, {1, 3}, {2, 2}, {3, 1}});
  CapRule::create({.field = "tags", .most = 1})->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 2, 3, 1}));
}

TEST(SpreadRule, HoldsInEveryWindow) {
  FakeItems items;
  CandidateList list = categorized(items, {"a", "a", "a", "a", "b", "b", "c", "c", "a"});
  SpreadRule::create({.field = "category", .most = 1, .window = 3})->apply(list, {.items = items, .k = 6});
  EXPECT_EQ(order(list), (Order{0, 4, 6, 1, 5, 7, 2, 3, 8}));
}

TEST(SpreadRule, TakesTheBestWhereNothingIsAllowed) {
  FakeItems items;
  CandidateList list = categorized(items, {"a", "a", "b", "a"});
  SpreadRule::create({.field = "category", .most = 1, .window = 2})->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 2, 1, 3}));
}

TEST(Caps, RefuseOptionsOutOfRange) {
  EXPECT_EQ(CapRule::create({.field = ""}).status().field(), "field");
  EXPECT_EQ(CapRule::create({.field = "f", .most = 0}).status().field(), "most");
  EXPECT_EQ(SpreadRule::create({.field = "f", .most = 3, .window = 3}).status().field(), "window");
}

}  // namespace
}  // namespace tamis::ranker
