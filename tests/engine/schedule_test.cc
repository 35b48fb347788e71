#include "engine/learn/schedule.h"

#include <gtest/gtest.h>

namespace tamis::engine {
namespace {

TrainingOptions hourly() {
  TrainingOptions options;
  options.schedule_s = 3'600;
  options.min_new_interactions = 100;
  return options;
}

TEST(Schedule, IsOffByDefault) {
  const Schedule schedule(TrainingOptions{}, 0, 0);
  EXPECT_FALSE(schedule.is_on());
  EXPECT_FALSE(schedule.is_due(1'000'000'000, 1'000'000));
}

TEST(Schedule, TheFirstRunWaitsForInteractionsAlone) {
  const Schedule schedule(hourly(), 0, 0);
  EXPECT_FALSE(schedule.is_due(5, 99));
  EXPECT_TRUE(schedule.is_due(5, 100));
}

TEST(Schedule, NeedsTheIntervalAndNewInteractions) {
  const Schedule schedule(hourly(), 1'000, 500);
  EXPECT_FALSE(schedule.is_due(1'000 + 3'599'999, 600));
  EXPECT_TRUE(schedule.is_due(1'000 + 3'600'000, 600));
  EXPECT_FALSE(schedule.is_due(1'000 + 3'600'000, 599));
}

TEST(Schedule, SurvivesDeletions) {
  const Schedule schedule(hourly(), 1'000, 500);
  EXPECT_TRUE(schedule.is_due(10'000'000, 400));
  EXPECT_FALSE(schedule.is_due(10'000'000, 50));
}

TEST(Schedule, WhatTheFirstRowsMadeIsReplacedBeforeTheInterval) {
  const Schedule schedule(hourly(), 1'000, 100);
  EXPECT_FALSE(schedule.is_due(2'000, 399));
  EXPECT_TRUE(schedule.is_due(2'000, 400));
  EXPECT_FALSE(Schedule(hourly(), 1'000, 100'000).is_due(2'000, 399'999));
}

TEST(ImportCalm, WaitsForTheEndOfAnImport) {
  ImportCalm calm;
  TimestampMs now_ms = 1'000'000;
  std::uint64_t interactions = 0;
  for (int tick = 0; tick < 300; ++tick, now_ms += 200, interactions += 1'000)
    EXPECT_FALSE(calm.is_calm(now_ms, interactions)) << tick;
  bool is_calm = false;
  int ticks = 0;
  for (; ticks < 150 && !is_calm; ++ticks, now_ms += 200) is_calm = calm.is_calm(now_ms, interactions);
  EXPECT_TRUE(is_calm);
  EXPECT_GE(ticks * 200, ImportCalm::kSpellMs);
  EXPECT_FALSE(calm.is_calm(now_ms, interactions * 2)) << "the next file";
}

TEST(ImportCalm, ASteadyStreamIsHeldBackForAWhileOnly) {
  ImportCalm calm;
  TimestampMs now_ms = 1'000'000;
  std::uint64_t interactions = 0;
  bool is_calm = false;
  int seconds = 0;
  for (; seconds < 2'000 && !is_calm; ++seconds, now_ms += 1'000, interactions += 50)
    is_calm = calm.is_calm(now_ms, interactions);
  EXPECT_GT(seconds, 500);
  EXPECT_LT(seconds, 1'200);
}

TEST(ImportCalm, AQuietDatabaseIsCalmAfterOneSpell) {
  ImportCalm calm;
  EXPECT_FALSE(calm.is_calm(1'000, 50'000));
  EXPECT_TRUE(calm.is_calm(1'000 + ImportCalm::kSpellMs, 50'020));
  EXPECT_TRUE(calm.is_calm(1'200 + ImportCalm::kSpellMs, 50'021));
}

}  // namespace
}  // namespace tamis::engine
