#include "ranker/rules/history.h"

#include "common/clock.h"
#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

constexpr TimestampMs kNowMs = 1000 * kHourMs;

TEST(SeenRule, ActsByTypeAndWindow) {
  FakeItems items;
  items[0].history = {{"purchase", kNowMs - 900 * kHourMs}};
  items[1].history = {{"view", kNowMs - kHourMs}};
  items[2].history = {{"view", kNowMs - 50 * kHourMs}, {"purchase", kNowMs + kHourMs}};  // the future is not seen yet
  items[3] = {};
  CandidateList list = scored({{0, 4}, {1, 3}, {2, 2}, {3, 1.6}});
  SeenRule::create({{.type = "purchase"}, {.type = "view", .window_ms = 24 * kHourMs, .multiply = 0.5}})
      ->apply(list, {.items = items, .now_ms = kNowMs});
  EXPECT_EQ(order(list), (Order{2, 3, 1}));
  EXPECT_DOUBLE_EQ(list[2].score, 1.5);
}

TEST(SeenRule, RefusesOptionsOutOfRange) {
  EXPECT_EQ(SeenRule::create({{.type = ""}}).status().field(), "policies[0].type");
  EXPECT_EQ(SeenRule::create({{.type = "view", .window_ms = -1}}).status().field(), "policies[0].window_ms");
  EXPECT_EQ(SeenRule::create({{.type = "view", .multiply = -1}}).status().field(), "policies[0].multiply");
}

TEST(RotationRule, SparesWhatWasTakenSince) {
  FakeItems items;
  items[0].history = {{"impression", kNowMs - 3}, {"view", kNowMs - 2}};
  items[1].history = {{"impression", kNowMs - 3}, {"view", kNowMs - 2}, {"impression", kNowMs - 1}};
  items[2].history = {{"view", kNowMs - 4}, {"impression", kNowMs - 3}};
  CandidateList list = scored({{0, 1.0}, {1, 1.0}, {2, 1.0}});
  RotationRule::create({.fatigue = 0.5, .spare_taken = true})->apply(list, {.items = items, .now_ms = kNowMs});
  EXPECT_EQ(order(list), (Order{0, 2, 1}));
  EXPECT_DOUBLE_EQ(list[0].score, 1);
  EXPECT_NEAR(list[1].score, 0.5, 1e-6);
  EXPECT_NEAR(list[2].score, 0.5, 1e-6) << "shown again since then";
}

TEST(RotationRule, SinksWhatWasShownAndForgets) {
  FakeItems items;
  items[0].history = {{"impression", kNowMs}, {"impression", kNowMs - 24 * kHourMs}, {"view", kNowMs}};
  items[1] = {};
  CandidateList list = scored({{0, 1.0}, {1, 0.8}});
  const auto rotation = RotationRule::create({.fatigue = 0.2, .half_life_ms = 24 * kHourMs});
  rotation->apply(list, {.items = items, .now_ms = kNowMs});
  EXPECT_EQ(order(list), (Order{1, 0}));
  EXPECT_NEAR(list[1].score, 0.71554175, 1e-7);  // .8^1.5
  list = scored({{0, 1.0}, {1, 0.8}});
  rotation->apply(list, {.items = items, .now_ms = kNowMs + 240 * kHourMs});
  EXPECT_EQ(order(list), (Order{0, 1}));
  EXPECT_EQ(RotationRule::create({.fatigue = 1}).status().field(), "fatigue");
  EXPECT_EQ(RotationRule::create({.half_life_ms = 0}).status().field(), "half_life_ms");
}

}  // namespace
}  // namespace tamis::ranker
