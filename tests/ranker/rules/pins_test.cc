#include "ranker/rules/pins.h"

#include "tests/ranker/rules/fake_items.h"

namespace tamis::ranker {
namespace {

TEST(PinRule, PutsItemsIntoTheirSlots) {
  FakeItems items;
  CandidateList list = scored({{0, 5}, {1, 4}, {2, 3}, {3, 2}});
  PinRule::create({{.item = 9, .slot = 1}, {.item = 3, .slot = 0}, {.item = 7, .slot = 2, .insert = false}})
      ->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{3, 9, 0, 1, 2}));
  EXPECT_EQ(list[0].score, 2);
  EXPECT_EQ(list[1].score, 4);
}

TEST(PinRule, SlotsBehindTheEndAreTheEnd) {
  FakeItems items;
  CandidateList list = scored({{0, 5}});
  PinRule::create({{.item = 1, .slot = 40}})->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{0, 1}));
  list.clear();
  PinRule::create({{.item = 1, .slot = 2}})->apply(list, {.items = items});
  EXPECT_EQ(order(list), (Order{1}));
}

TEST(PinRule, RefusesContradictions) {
  EXPECT_EQ(PinRule::create({{.item = 1, .slot = 2}, {.item = 1, .slot = 3}}).status().field(), "pins[1].item");
  EXPECT_EQ(PinRule::create({{.item = 1, .slot = 2}, {.item = 2, .slot = 2}}).status().field(), "pins[1].slot");
}

}  // namespace
}  // namespace tamis::ranker
