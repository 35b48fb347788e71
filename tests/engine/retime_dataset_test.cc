#include "engine/learn/retime_dataset.h"

#include <gtest/gtest.h>

#include <algorithm>

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

TEST(RetimeDatasetTest, AFileSortedByUserNeedsIt) { EXPECT_TRUE(needs_retiming(imported_by_user(200, 10), 0.1)); }

TEST(RetimeDatasetTest, InteractionsWithTimesOfTheirOwnDoNot) {
  Dataset dataset = imported_by_user(200, 10);
  for (auto& event : dataset.events) event.timestamp_ms = 1 + event.item * kDayMs + event.user;
  std::stable_sort(dataset.events.begin(), dataset.events.end(),
                   [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; });
  EXPECT_FALSE(needs_retiming(dataset, 0.1)) << "everybody returns after the cut";
  EXPECT_FALSE(needs_retiming(Dataset{}, 0.1));
}

TEST(RetimeDatasetTest, EveryUsersLastAreHeldOut) {
  Dataset dataset = imported_by_user(300, 10);
  retime(&dataset);
  EXPECT_TRUE(dataset.is_retimed);
  const std::size_t cut = dataset.events.size() * 9 / 10;
  std::vector<int> held_out(dataset.users.size());
  for (std::size_t i = cut; i < dataset.events.size(); ++i) ++held_out[dataset.events[i].user];
  EXPECT_GE(std::count_if(held_out.begin(), held_out.end(), [](int count) { return count > 0; }), 250);
  EXPECT_LE(*std::max_element(held_out.begin(), held_out.end()), 2) << "and of nobody much more than a tenth";
  EXPECT_TRUE(std::is_sorted(dataset.events.begin(), dataset.events.end(),
                             [](const auto& a, const auto& b) { return a.timestamp_ms < b.timestamp_ms; }));
}

TEST(RetimeDatasetTest, TheOrderOfAUsersOwnStays) {
  Dataset dataset = imported_by_user(50, 7);
  dataset.event_types.resize(dataset.events.size());
  for (std::size_t i = 0; i < dataset.events.size(); ++i)
    dataset.event_types[i] = static_cast<std::uint16_t>(dataset.events[i].item);
  const Dataset before = dataset;
  retime(&dataset);
  for (std::uint32_t user = 0; user < 50; ++user) EXPECT_EQ(items_of(dataset, user), items_of(before, user));
  for (std::size_t i = 0; i < dataset.events.size(); ++i)
    EXPECT_EQ(dataset.event_types[i], dataset.events[i].item) << "what is known of an event goes with it";
}

// Such a file has the items that everybody takes first: its order says nothing of time.
TEST(RetimeDatasetTest, WhatIsSortedByItemIsDrawn) {
  Dataset dataset = imported_by_user(400, 10, true);
  retime(&dataset);
  std::vector<int> held_out(dataset.items.size());
  for (std::size_t i = dataset.events.size() * 9 / 10; i < dataset.events.size(); ++i)
    ++held_out[dataset.events[i].item];
  for (const int count : held_out) EXPECT_NEAR(count, 40, 25) << "of each item about as many";
}

TEST(RetimeDatasetTest, ARatingKeepsTheMomentOfItsEvent) {
  Dataset dataset = imported_by_user(20, 5);
  for (const auto& event : dataset.events) dataset.ratings.push_back(event);
  retime(&dataset);
  for (const auto& rating : dataset.ratings) {
    const auto event = std::find_if(dataset.events.begin(), dataset.events.end(), [&](const auto& one) {
      return one.user == rating.user && one.item == rating.item;
    });
    ASSERT_NE(event, dataset.events.end());
    EXPECT_EQ(event->timestamp_ms, rating.timestamp_ms);
  }
}

}  // namespace
}  // namespace tamis::engine
