#include "engine/live/item_statistics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/random.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr double kWeek = 7 * 86'400.0;
constexpr TimestampMs kNow = 1'700'000'000'000;
constexpr TimestampMs kDay = 86'400'000;

std::vector<std::uint32_t> ids(const ItemStatistics::Ranking& ranking) {
  std::vector<std::uint32_t> made;
  for (const auto& row : *ranking) made.push_back(row.id);
  return made;
}

TEST(ItemStatisticsTest, PopularCountsWeights) {
  ItemStatistics statistics(kWeek);
  for (const DenseId item : {0u, 1u, 2u}) statistics.set_listed(item, kNow);
  statistics.add(0, 1, kNow);
  statistics.add(1, 5, kNow);
  statistics.add(0, 1.5, kNow);
  EXPECT_THAT(ids(statistics.popular()), ElementsAre(1, 0)) << "an item without interactions is not popular";
  EXPECT_FLOAT_EQ(statistics.popular()->at(1).score, 2.5f);
  EXPECT_DOUBLE_EQ(statistics.popularity(1), 5);
  EXPECT_DOUBLE_EQ(statistics.popularity(77), 0);
}

// A catalogue of which most is passed over.
TEST(ItemStatisticsTest, ListsOfALargeCatalogueHoldTheBest) {
  constexpr std::uint32_t kItems = 450'000;
  ItemStatistics statistics(kWeek);
  Random random(4);
  std::vector<std::pair<double, DenseId>> popular;
  std::vector<std::pair<TimestampMs, DenseId>> latest;
  for (DenseId item = 0; item < kItems; ++item) {
    const double weight = 1 + random.below(50'000);  // with ties
    const TimestampMs listed_ms = kNow - random.below(200'000);
    statistics.set_listed(item, listed_ms);
    statistics.add(item, weight, kNow);
    popular.emplace_back(-weight, item);
    latest.emplace_back(-listed_ms, kItems - item);
  }
  std::sort(popular.begin(), popular.end());
  std::sort(latest.begin(), latest.end());
  const auto by_weight = statistics.popular();
  const auto by_trend = statistics.trending(kNow);
  const auto by_date = statistics.latest();
  for (const auto& list : {by_weight, by_trend, by_date}) ASSERT_EQ(list->size(), ItemStatistics::kMaxRanking);
  for (std::size_t i = 0; i < ItemStatistics::kMaxRanking; ++i) {
    ASSERT_EQ(by_weight->at(i).id, popular[i].second) << i;
    ASSERT_EQ(by_trend->at(i).id, popular[i].second) << i;
    ASSERT_EQ(by_date->at(i).id, kItems - latest[i].second) << i;
  }
  // Interactions leave dates as they are.
  statistics.add(0, 1, kNow);
  statistics.set_listed(7, kNow - 1);
  statistics.refresh(kNow);
  const auto moved = statistics.latest();
  EXPECT_NE(moved, by_date);
  statistics.add(0, 1, kNow);
  statistics.set_listed(7, kNow - 1);
  statistics.refresh(kNow);
  EXPECT_EQ(statistics.latest(), moved);
}

TEST(ItemStatisticsTest, TrendingHalvesWithTheHalfLife) {
  ItemStatistics statistics(kWeek);
  statistics.set_listed(0, kNow);
  statistics.set_listed(1, kNow);
  statistics.add(0, 8, kNow - 14 * kDay);
  statistics.add(1, 3, kNow);
  const auto trending = statistics.trending(kNow);
  EXPECT_THAT(ids(trending), ElementsAre(1, 0));
  EXPECT_NEAR(trending->at(1).score, 2, 0.01);
  EXPECT_NEAR(statistics.trending(kNow + 7 * kDay)->at(0).score, 1.5, 0.01);
}

// Sums whose terms lie decades apart neither overflow nor vanish.
TEST(ItemStatisticsTest, TrendingSpansAllTimes) {
  ItemStatistics statistics(60);
  statistics.set_listed(0, kNow);
  statistics.set_listed(1, kNow);
  statistics.add(0, 1, kMinTimestampMs);
  statistics.add(1, 1, kNow);
  statistics.add(1, 1, kMinTimestampMs);
  statistics.add(0, 1, kNow - 60'000);
  const auto trending = statistics.trending(kNow);
  EXPECT_THAT(ids(trending), ElementsAre(1, 0));
  EXPECT_NEAR(trending->at(0).score, 1, 0.01);
  EXPECT_NEAR(trending->at(1).score, 0.5, 0.01);
}

// However long ago the data ended, the order is the one of then, and every item has a score.
TEST(ItemStatisticsTest, TrendingOutlivesTheData) {
  for (const std::int64_t years : {3, 30, 300, 3'000}) {
    ItemStatistics statistics(kWeek);
    for (const DenseId item : {0u, 1u, 2u, 3u}) statistics.set_listed(item, kNow);
    const TimestampMs ended = kNow - years * 365 * kDay;
    statistics.add(0, 1, ended);
    statistics.add(1, 1, ended - 30 * kDay);
    statistics.add(2, 1, ended - 10 * 365 * kDay);  // 520 half-lives before the newest
    statistics.add(3, 3, ended - 7 * kDay);
    const auto trending = statistics.trending(kNow);
    EXPECT_THAT(ids(trending), ElementsAre(3, 0, 1, 2)) << years;
    for (const auto& row : *trending) EXPECT_GT(row.score, 0) << years;
    EXPECT_GT(trending->at(0).score, 0.05) << years;
  }
}

TEST(ItemStatisticsTest, AShiftInTimeLeavesTheOrderOfTrends) {
  Random random(5);
  constexpr TimestampMs kShift = 4'321 * kDay + 12'345;
  ItemStatistics then(kWeek);
  ItemStatistics now(kWeek);
  for (DenseId item = 0; item < 200; ++item) {
    then.set_listed(item, kNow);
    now.set_listed(item, kNow);
  }
  for (int i = 0; i < 5'000; ++i) {
    const auto item = static_cast<DenseId>(random.below(200));
    const double weight = 1 + random.below(9);
    const TimestampMs time = kNow - random.below(300) * kDay - random.below(86'400'000);
    then.add(item, weight, time - kShift);
    now.add(item, weight, time);
  }
  EXPECT_EQ(ids(then.trending(kNow)), ids(now.trending(kNow)));
}

TEST(ItemStatisticsTest, LatestOrdersByListing) {
  ItemStatistics statistics(kWeek);
  statistics.set_listed(0, kNow + 1);  // a millisecond that a float cannot tell from the next
  statistics.set_listed(1, kNow);
  statistics.set_listed(2, kNow + 2);
  EXPECT_THAT(ids(statistics.latest()), ElementsAre(2, 0, 1));
  statistics.set_listed(1, kNow + 3);
  EXPECT_THAT(ids(statistics.latest()), ElementsAre(1, 2, 0));
}

TEST(ItemStatisticsTest, ARemovedItemLeavesTheListsAndComesBackWithItsCounts) {
  ItemStatistics statistics(kWeek);
  statistics.set_listed(0, kNow);
  statistics.add(0, 2, kNow);
  statistics.remove(0);
  EXPECT_THAT(*statistics.popular(), IsEmpty());
  EXPECT_THAT(*statistics.trending(kNow), IsEmpty());
  EXPECT_THAT(*statistics.latest(), IsEmpty());
  statistics.set_listed(0, kNow);
  EXPECT_DOUBLE_EQ(statistics.popularity(0), 2);
}

TEST(ItemStatisticsTest, SubtractTakesBackWhatAddGave) {
  ItemStatistics statistics(kWeek);
  statistics.set_listed(0, kNow);
  statistics.add(0, 1.3, kNow);
  statistics.add(0, 0.7, kNow - kDay);
  statistics.subtract(0, 1.3, kNow);
  EXPECT_NEAR(statistics.popularity(0), 0.7, 1e-6);
  statistics.subtract(0, 0.7, kNow - kDay);
  EXPECT_THAT(*statistics.popular(), IsEmpty());
  EXPECT_THAT(*statistics.trending(kNow), IsEmpty());
}

// The order in which interactions arrive does not show: a reopened database counts them by user.
TEST(ItemStatisticsTest, OrderOfArrivalDoesNotMatter) {
  struct Event {
    DenseId item;
    double weight;
    TimestampMs timestamp_ms;
  };
  Random random(3);
  std::vector<Event> events;
  for (int i = 0; i < 5'000; ++i) {
    events.push_back({random.below(50), 1 + std::log(1 + random.below(9)), kNow - random.below(1'000'000'000)});
  }
  ItemStatistics live(kWeek);
  ItemStatistics rebuilt(kWeek);
  std::vector<DenseId> items;
  for (DenseId item = 0; item < 50; ++item) {
    items.push_back(item);
    live.set_listed(item, kNow);
    rebuilt.set_listed(item, kNow);
  }
  for (const Event& event : events) live.add(event.item, event.weight, event.timestamp_ms);
  for (std::size_t i = events.size(); i > 0; --i) {
    rebuilt.add(events[i - 1].item, events[i - 1].weight, events[i - 1].timestamp_ms);
  }
  EXPECT_EQ(*live.popular(), *rebuilt.popular());
  EXPECT_EQ(*live.trending(kNow), *rebuilt.trending(kNow));
  for (std::size_t i = 0; i < items.size(); ++i)
    EXPECT_EQ(live.counts(items, kNow)[i].trend, rebuilt.counts(items, kNow)[i].trend);
}

// Whatever is counted between save() and settle().
TEST(ItemStatisticsTest, WhatIsSavedIsThatOfTheMoment) {
  constexpr DenseId kItems = 20'000;
  ItemStatistics statistics(kWeek);
  Random rng(7);
  const auto count_some = [&](DenseId items) {
    for (int i = 0; i < 50'000; ++i) statistics.add(static_cast<DenseId>(rng.below(items)), 1, kNow);
  };
  count_some(kItems);
  ItemStatistics::Saved expected = statistics.save();
  statistics.settle(&expected);
  ASSERT_EQ(expected.rows.size(), kItems);

  ItemStatistics::Saved dropped = statistics.save();
  ItemStatistics::Saved first = statistics.save();
  count_some(kItems / 2);  // of half of the rows
  ItemStatistics::Saved second = statistics.save();
  count_some(2 * kItems);  // of new ones, too
  dropped.unsettled = nullptr;
  statistics.settle(&first);
  EXPECT_EQ(first.rows, expected.rows);
  statistics.settle(&second);
  ASSERT_EQ(second.rows.size(), kItems);
  std::uint64_t interactions = 0;
  for (const auto& row : second.rows) interactions += row.interactions;
  EXPECT_EQ(interactions, 100'000u);
}

}  // namespace
}  // namespace tamis::engine
