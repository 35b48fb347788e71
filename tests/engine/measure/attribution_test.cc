#include "engine/measure/attribution.h"

#include <gtest/gtest.h>

#include "common/clock.h"
#include "engine/measure/sampling.h"

namespace tamis::engine {
namespace {

constexpr TimestampMs kNoon = 1'700'000'000'000;

class AttributionTest : public ::testing::Test {
 protected:
  void serve(const std::string& id, const std::string& user, TimestampMs at_ms, std::vector<DenseId> items,
             std::int64_t window_s = 3'600) {
    storage::Impression list;
    list.recommendation_id = id;
    list.user = user;
    list.served_ms = at_ms;
    list.attribution_window_s = window_s;
    for (const DenseId item : items) list.slots.push_back({.item = item});
    attribution.add(list, {}, {});
  }
  // "list/slot" of where the touch went, or why it went nowhere.
  std::string touch(const std::string& user, DenseId item, TimestampMs at_ms, const std::string& id = "") {
    const auto found = attribution.find({.user = user, .recommendation_id = id, .item = item, .timestamp_ms = at_ms});
    switch (found.result) {
      case TouchResult::kNoTouch: return "no touch";
      case TouchResult::kUnknownList: return "unknown list";
      case TouchResult::kForeignItem: return "foreign item";
      case TouchResult::kAttributed: break;
    }
    return found.list->recommendation_id + "/" + std::to_string(found.slot);
  }
  Attribution attribution{1 << 20};
};

TEST_F(AttributionTest, TheLastListThatShowedTheItemWithinItsWindowTakesTheTouch) {
  serve("a", "ada", kNoon, {1, 2});
  serve("b", "ada", kNoon + 10, {2, 3});
  serve("c", "bob", kNoon + 20, {2});
  EXPECT_EQ(touch("ada", 2, kNoon + 30), "b/0");
  EXPECT_EQ(touch("ada", 1, kNoon + 30), "a/0");
  EXPECT_EQ(touch("ada", 2, kNoon + 5), "a/1") << "a late touch belongs to what had been shown by then";
  EXPECT_EQ(touch("ada", 2, kNoon - 1), "no touch");
  EXPECT_EQ(touch("ada", 2, kNoon + kHourMs), "b/0");
  EXPECT_EQ(touch("ada", 2, kNoon + kHourMs + 11), "no touch") << "past both windows";
  EXPECT_EQ(touch("ada", 9, kNoon + 30), "no touch");
  EXPECT_EQ(touch("eve", 2, kNoon + 30), "no touch");
}

TEST_F(AttributionTest, ARecommendationIdNamesItsListOrNone) {
  serve("a", "ada", kNoon, {1, 2});
  serve("s", "", kNoon, {7});
  serve("b", "ada", kNoon + 10, {2});
  EXPECT_EQ(touch("ada", 2, kNoon + 20, "a"), "a/1");
  EXPECT_EQ(touch("ada", 2, kNoon + 100 * kHourMs, "a"), "a/1") << "an id knows no window";
  EXPECT_EQ(touch("ada", 2, kNoon + 20, "lost"), "unknown list") << "not the last touch instead";
  EXPECT_EQ(touch("ada", 3, kNoon + 20, "a"), "foreign item");
  EXPECT_EQ(touch("ada", 7, kNoon + 20, "s"), "s/0") << "an anonymous session that signed in";
  EXPECT_EQ(touch("", 7, kNoon + 20), "no touch") << "nobody's session is everybody's";
}

TEST_F(AttributionTest, EachListHasItsOwnWindow) {
  serve("long", "ada", kNoon, {1}, 7'200);
  serve("short", "ada", kNoon + 1'000, {1}, 60);
  EXPECT_EQ(touch("ada", 1, kNoon + 30'000), "short/0");
  EXPECT_EQ(touch("ada", 1, kNoon + kHourMs), "long/0");
}

TEST_F(AttributionTest, MemoryIsBoundedAndTheOldestGoFirst) {
  Attribution small(16 << 10);
  storage::Impression list;
  list.user = "ada";
  for (std::size_t i = 0; i < 10; ++i) list.slots.push_back({.item = static_cast<DenseId>(i)});
  for (int i = 0; i < 1'000; ++i) {
    list.recommendation_id = std::to_string(i);
    list.served_ms = kNoon + i;
    small.add(list, {}, {});
  }
  EXPECT_LE(small.memory_bytes(), 16u << 10);
  EXPECT_GT(small.size(), 5u);
  EXPECT_EQ(small.find({.user = "", .recommendation_id = "0", .item = 1, .timestamp_ms = kNoon + 2'000}).result,
            TouchResult::kUnknownList);
  const auto last = small.find({.user = "ada", .recommendation_id = "", .item = 1, .timestamp_ms = kNoon + 2'000});
  ASSERT_EQ(last.result, TouchResult::kAttributed);
  EXPECT_EQ(last.list->recommendation_id, "999");
  small.forget_before(kNoon + 2'000);
  EXPECT_TRUE(small.empty());
}

TEST(SamplingTest, ItIsAFunctionOfTheIdAndKeepsItsRate) {
  int kept = 0;
  for (int i = 0; i < 20'000; ++i) {
    const std::string id = "list-" + std::to_string(i);
    kept += is_sampled(id, 0.3) ? 1 : 0;
    EXPECT_EQ(is_sampled(id, 0.3), is_sampled(id, 0.3));
    EXPECT_TRUE(is_sampled(id, 1));
    EXPECT_FALSE(is_sampled(id, 0));
    if (is_sampled(id, 0.3)) {
      EXPECT_TRUE(is_sampled(id, 0.5)) << "a higher rate keeps what a lower one kept";
    }
  }
  EXPECT_NEAR(kept, 6'000, 4 * 65);  // four standard deviations of a binomial
}

}  // namespace
}  // namespace tamis::engine
