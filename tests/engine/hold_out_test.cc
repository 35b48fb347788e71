#include "engine/learn/hold_out.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/random.h"

namespace tamis::engine {
namespace {

// As a file sorted by user becomes when rows get the time of their arrival.
Dataset imported_by_user(std::uint32_t users, std::uint32_t each, bool is_sorted_by_item = false) {
  Dataset dataset;
  TimestampMs now_ms = 1'700'000'000'000;
  for (std::uint32_t user = 0; user < users; ++user) {
    dataset.users.push_back("user-" + std::to_string(user));
    for (std::uint32_t i = 0; i < each; ++i)
      dataset.events.push_back({.user = user,
                                .item = is_sorted_by_item ? i : (3 * (i + user)) % each,
                                .weight = 1,
                                .timestamp_ms = ++now_ms});
  }
  for (std::uint32_t i = 0; i < each; ++i) dataset.items.push_back("item-" + std::to_string(i));
  return dataset;
}

std::vector<std::uint32_t> items_of(const Dataset& dataset, std::uint32_t user) {
  std::vector<std::uint32_t> items;
  for (const auto& event : dataset.events)
    if (event.user == user) items.push_back(event.item);
  return items;
}

TEST(HoldOutTest, AFileSortedByUserNeedsIt) { EXPECT_TRUE(needs_retiming(imported_by_user(200, 10), 0.1)); }

// Everybody returns in the second file, and half of what the cut leaves behind it was viewed in the first.
TEST(HoldOutTest, AFileOfViewsAndOneOfPurchasesNeedItAndAreNoRepeats) {
  Dataset dataset = imported_by_user(400, 10);
  dataset.event_types.assign(dataset.events.size(), 0);
  const std::vector<models::TimedInteraction> views = dataset.events;
  for (const models::TimedInteraction& view : views) {
    if (view.item % 2 != 0) continue;
    dataset.events.push_back(view);
    dataset.events.back().timestamp_ms = dataset.events[dataset.events.size() - 2].timestamp_ms + 1;
    dataset.event_types.push_back(1);
  }
  EXPECT_GT(repeat_share(dataset, 0.1), 0.9);
  ASSERT_TRUE(needs_retiming(dataset, 0.1));
  const double share = retime(&dataset, 0.1);
  EXPECT_LT(repeat_share(dataset, share), 0.01);
}

// A song that is played again is a repeat, whatever else arrived in a file of its own.
TEST(HoldOutTest, RepeatsOfOneTypeStay) {
  Dataset dataset = imported_by_user(400, 10);
  for (models::TimedInteraction& event : dataset.events) event.item %= 3;
  std::vector<models::TimedInteraction> likes;
  for (std::uint32_t user = 0; user < 400; ++user)
    likes.push_back({.user = user, .item = 9, .weight = 1, .timestamp_ms = 1'600'000'000'000 + user});
  dataset.events.insert(dataset.events.begin(), likes.begin(), likes.end());
  dataset.event_types.assign(dataset.events.size(), 0);
  std::fill_n(dataset.event_types.begin(), likes.size(), 1);
  const double share = retime(&dataset, 0.1);
  EXPECT_GT(repeat_share(dataset, share), 0.3) << "of those whose order stays";
}

TEST(HoldOutTest, WhatArrivesMixedWithinAnHourNeedsNone) {
  Dataset dataset = imported_by_user(200, 10);
  Random random(3);
  std::vector<TimestampMs> times;
  for (auto& event : dataset.events) times.push_back(event.timestamp_ms);
  for (std::size_t i = dataset.events.size(); i > 1; --i)
    std::swap(dataset.events[i - 1], dataset.events[random.below(static_cast<std::uint32_t>(i))]);
  for (std::size_t i = 0; i < times.size(); ++i) dataset.events[i].timestamp_ms = times[i];
  EXPECT_FALSE(needs_retiming(dataset, 0.1));
}

TEST(HoldOutTest, InteractionsWithTimesOfTheirOwnDoNot) {
  Dataset dataset = imported_by_user(200, 10);
  for (auto& event : dataset.events) event.timestamp_ms = 1 + event.item * kDayMs + event.user;
  std::stable_sort(dataset.events.begin(), dataset.events.end(),
                   [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; });
  EXPECT_FALSE(needs_retiming(dataset, 0.1)) << "everybody returns after the cut";
  EXPECT_FALSE(needs_retiming(Dataset{}, 0.1));
}

TEST(HoldOutTest, EveryUsersLastAreHeldOut) {
  Dataset dataset = imported_by_user(300, 10);
  retime(&dataset, 0.1);
  EXPECT_TRUE(dataset.is_retimed);
  const std::size_t cut = dataset.events.size() * 9 / 10;
  std::vector<int> held_out(dataset.users.size());
  for (std::size_t i = cut; i < dataset.events.size(); ++i) ++held_out[dataset.events[i].user];
  EXPECT_GE(std::count_if(held_out.begin(), held_out.end(), [](int count) { return count > 0; }), 250);
  EXPECT_LE(*std::max_element(held_out.begin(), held_out.end()), 2) << "and of nobody much more than a tenth";
  EXPECT_TRUE(std::is_sorted(dataset.events.begin(), dataset.events.end(),
                             [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; }));
}

TEST(HoldOutTest, TheOrderOfHalfOfTheUsersStays) {
  Dataset dataset = imported_by_user(200, 7);
  dataset.event_types.resize(dataset.events.size());
  for (std::size_t i = 0; i < dataset.events.size(); ++i)
    dataset.event_types[i] = static_cast<std::uint16_t>(dataset.events[i].item);
  const Dataset before = dataset;
  retime(&dataset, 0.1);
  int kept = 0;
  for (std::uint32_t user = 0; user < 200; ++user) kept += items_of(dataset, user) == items_of(before, user) ? 1 : 0;
  EXPECT_NEAR(kept, 100, 30);
  for (std::size_t i = 0; i < dataset.events.size(); ++i)
    EXPECT_EQ(dataset.event_types[i], dataset.events[i].item) << "what is known of an event goes with it";
}

// 400 users walk over a ring of items, each step to a neighbour: forward with probability `forward`, else back.
Dataset walks(std::uint32_t each, double forward) {
  constexpr std::uint32_t kItems = 100;
  Dataset dataset = imported_by_user(400, each);
  dataset.items.clear();
  for (std::uint32_t i = 0; i < kItems; ++i) dataset.items.push_back("item-" + std::to_string(i));
  Random random(7);
  std::uint32_t at = 0;
  for (std::size_t i = 0; i < dataset.events.size(); ++i) {
    if (i % each == 0) at = random.below(kItems);
    at = (at + (random.uniform() < forward ? 1 : kItems - 1)) % kItems;
    dataset.events[i].item = at * 37 % kItems;  // neighbours have nothing to do with the order of ids
  }
  return dataset;
}

std::size_t count_users_in_order(const Dataset& dataset, const Dataset& before) {
  std::size_t count = 0;
  for (std::uint32_t user = 0; user < dataset.users.size(); ++user)
    count += items_of(dataset, user) == items_of(before, user) ? 1 : 0;
  return count;
}

TEST(HoldOutTest, OfSequencesTheLastThreeAreHeldOut) {
  const Dataset before = walks(50, 0.5);
  Dataset dataset = before;
  const double share = retime(&dataset, 0.1);
  EXPECT_NEAR(share, 3.0 / 50, 1e-9);
  EXPECT_EQ(count_users_in_order(dataset, before), dataset.users.size()) << "of everybody";
  std::vector<int> held_out(dataset.users.size());
  const auto cut = static_cast<std::size_t>((1 - share) * static_cast<double>(dataset.events.size()));
  for (std::size_t i = cut; i < dataset.events.size(); ++i) ++held_out[dataset.events[i].user];
  for (const int count : held_out) EXPECT_NEAR(count, 3, 1);
}

// In a file sorted by popularity, or by hours played, items stand in one order with every user.
TEST(HoldOutTest, AnOrderThatTheItemsGiveIsNoSequence) {
  const Dataset before = walks(50, 0.97);
  Dataset dataset = before;
  EXPECT_EQ(retime(&dataset, 0.1), 0.1);
  EXPECT_NEAR(static_cast<double>(count_users_in_order(dataset, before)), 200, 50);
}

// Such a file has the items that everybody takes first: its order says nothing of time.
TEST(HoldOutTest, WhatIsSortedByItemIsDrawn) {
  Dataset dataset = imported_by_user(400, 10, true);
  retime(&dataset, 0.1);
  std::vector<int> held_out(dataset.items.size());
  for (std::size_t i = dataset.events.size() * 9 / 10; i < dataset.events.size(); ++i)
    ++held_out[dataset.events[i].item];
  for (const int count : held_out) EXPECT_NEAR(count, 40, 25) << "of each item about as many";
}

TEST(HoldOutTest, ARatingKeepsTheMomentOfItsEvent) {
  Dataset dataset = imported_by_user(20, 5);
  for (const auto& event : dataset.events) dataset.ratings.push_back(event);
  retime(&dataset, 0.1);
  for (const auto& rating : dataset.ratings) {
    const auto event = std::find_if(dataset.events.begin(), dataset.events.end(), [&](const auto& one) {
      return one.user == rating.user && one.item == rating.item;
    });
    ASSERT_NE(event, dataset.events.end());
    EXPECT_EQ(event->timestamp_ms, rating.timestamp_ms);
  }
}

TEST(HoldOutTest, MoreIsHeldOutWhereFewReturn) {
  Dataset dataset = imported_by_user(150, 10);
  retime(&dataset, 0.1);
  EXPECT_GT(held_out_share(dataset, 0.1), 0.1) << "150 users are fewer than 300";
  EXPECT_LE(held_out_share(dataset, 0.1), 0.3);
  dataset = imported_by_user(1'000, 10);
  retime(&dataset, 0.1);
  EXPECT_EQ(held_out_share(dataset, 0.1), 0.1);
}

TEST(HoldOutTest, RepeatsAreWhatWasTakenBefore) {
  Dataset dataset;
  dataset.users = {"ada", "ben"};
  dataset.items = {"bread", "milk", "salt"};
  const auto take = [&](std::uint32_t user, std::uint32_t item) {
    dataset.events.push_back(
        {.user = user, .item = item, .weight = 1, .timestamp_ms = 1 + kDayMs * std::ssize(dataset.events)});
  };
  for (const std::uint32_t item : {0, 1, 0, 0}) take(0, item);
  for (const std::uint32_t item : {0, 1, 2}) take(0, item);  // bread and milk again, salt for the first time
  take(1, 0);                                                // nobody knows him
  EXPECT_DOUBLE_EQ(repeat_share(dataset, 0.5), 2.0 / 3);
  EXPECT_EQ(repeat_share(Dataset{}, 0.1), 0);
}

}  // namespace
}  // namespace tamis::engine
