#include "models/time_split.h"

#include <gmock/gmock.h>

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Ten interactions at times 10, 20, .. 100.
std::vector<TimedInteraction> timeline() {
  return {{.user = 0, .item = 0, .weight = 1, .timestamp_ms = 10},
          {.user = 0, .item = 1, .weight = 2, .timestamp_ms = 20},
          {.user = 1, .item = 0, .weight = 1, .timestamp_ms = 30},
          {.user = 0, .item = 0, .weight = 1, .timestamp_ms = 40},
          {.user = 1, .item = 2, .weight = 1, .timestamp_ms = 50},
          {.user = 3, .item = 1, .weight = 1, .timestamp_ms = 60},
          {.user = 0, .item = 1, .weight = 1, .timestamp_ms = 70},
          {.user = 0, .item = 3, .weight = 1, .timestamp_ms = 80},
          {.user = 2, .item = 3, .weight = 1, .timestamp_ms = 90},
          {.user = 1, .item = 2, .weight = 1, .timestamp_ms = 100}};
}

TEST(TimeSplit, HeadTrainsAndTheTailsNewItemsAreRelevant) {
  const auto split = split_by_time(timeline(), 4, 4, 0.6);
  ASSERT_TRUE(split.is_ok());
  EXPECT_EQ(split->cut_ms, 70);
  EXPECT_THAT(split->train.row_columns(0), ElementsAre(0, 1));
  EXPECT_THAT(split->train.row_weights(0), ElementsAre(2, 2));
  EXPECT_THAT(split->relevant.row_columns(0), ElementsAre(3));  // item 1 is an old acquaintance
  EXPECT_THAT(split->relevant.row_columns(1), IsEmpty());       // so is item 2
  const auto cases = split->cases();
  ASSERT_EQ(cases.size(), 1);  // user 2 has no head, user 3 no tail
  EXPECT_EQ(cases[0].user, 0);
  EXPECT_THAT(cases[0].seen, ElementsAre(0, 1));
  EXPECT_THAT(cases[0].relevant, ElementsAre(3));
}

TEST(TimeSplit, DoesNotDependOnTheOrderOfArrival) {
  auto reversed = timeline();
  std::reverse(reversed.begin(), reversed.end());
  const auto split = split_by_time(reversed, 4, 4, 0.6);
  ASSERT_TRUE(split.is_ok());
  EXPECT_EQ(split->cut_ms, 70);
  EXPECT_EQ(split->train.column, split_by_time(timeline(), 4, 4, 0.6)->train.column);
}

TEST(TimeSplit, OneMomentStaysOnOneSide) {
  auto interactions = timeline();
  for (std::size_t i = 3; i < 9; ++i) interactions[i].timestamp_ms = 40;
  const auto split = split_by_time(interactions, 4, 4, 0.6);
  ASSERT_TRUE(split.is_ok());
  EXPECT_EQ(split->cut_ms, 40);
  EXPECT_EQ(split->train.nonzeros(), 3);
  for (TimedInteraction& interaction : interactions) {
    interaction.timestamp_ms = interaction.timestamp_ms == 100 ? 100 : 10;
  }
  EXPECT_EQ(split_by_time(interactions, 4, 4, 0.5)->cut_ms, 100);  // the head holds more than its share, but is a head
}

TEST(TimeSplit, NeedsTwoMoments) {
  EXPECT_EQ(split_by_time({}, 1, 1, 0.5).status().code(), StatusCode::kFailedPrecondition);
  const std::vector<TimedInteraction> one = {{.user = 0, .item = 0, .weight = 1, .timestamp_ms = 5}};
  EXPECT_EQ(split_by_time(one, 1, 1, 0.5).status().code(), StatusCode::kFailedPrecondition);
}

TEST(TimeSplit, RefusesBadArguments) {
  for (const double share : {0.0, 1.0, -1.0, 2.0}) {
    EXPECT_EQ(split_by_time(timeline(), 4, 4, share).status().field(), "head_share");
  }
  EXPECT_EQ(split_by_time(timeline(), 3, 4, 0.5).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(split_by_time(timeline(), 4, 3, 0.5).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tamis::models
