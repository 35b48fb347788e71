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

}  // namespace
}  // namespace tamis::engine
