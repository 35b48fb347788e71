#include "models/popularity.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "common/clock.h"
#include "common/random.h"

namespace tamis::models {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kHour = 3600;
constexpr TimestampMs kNow = 1'322'733'600'000;  // 2011-12-01T10:00:00Z

TEST(Popularity, SumsWeights) {
  const auto interactions = make_interaction_matrix(2, 4, {{0, 0, 1}, {1, 0, 2}, {1, 3, 5}, {0, 1, 3}});
  EXPECT_THAT(popularity_scores(interactions), ElementsAre(3, 3, 0, 5));
}

TEST(Popularity, RanksScoresAboveZero) {
  EXPECT_THAT(top_scores(std::vector<float>{3, 3, 0, 5}, 10),
              ElementsAre(ScoredId{3, 5}, ScoredId{0, 3}, ScoredId{1, 3}));
  EXPECT_THAT(top_scores(std::vector<float>{3, 3, 0, 5}, 1), ElementsAre(ScoredId{3, 5}));
  EXPECT_THAT(top_scores({}, 3), IsEmpty());
}

TEST(Trending, HalvesWithEveryHalfLife) {
  TrendingCounts counts(2 * kHour);
  counts.add(0, 8, kNow - 4 * kHourMs);
  EXPECT_NEAR(counts.score(0, kNow - 4 * kHourMs), 8, 1e-6);
  EXPECT_NEAR(counts.score(0, kNow - 2 * kHourMs), 4, 1e-6);
  EXPECT_NEAR(counts.score(0, kNow), 2, 1e-6);
  counts.add(0, 3, kNow);
  EXPECT_NEAR(counts.score(0, kNow), 5, 1e-6);
}

TEST(Trending, IncrementsEqualTheDirectSumInAnyOrder) {
  Random random(3);
  TrendingCounts counts(6 * kHour);
  double direct = 0;
  for (int i = 0; i < 500; ++i) {
    const double weight = 1 + random.below(5);
    const TimestampMs age_ms = random.below(200) * kHourMs;
    counts.add(2, weight, kNow - age_ms);
    direct += weight * std::exp2(-static_cast<double>(age_ms) / (6 * kHourMs));
  }
  EXPECT_NEAR(counts.score(2, kNow), direct, 1e-6 * direct);
}

TEST(Trending, FreshInteractionsOvertakeManyOldOnes) {
  TrendingCounts counts(kHour);
  for (int i = 0; i < 1000; ++i) counts.add(0, 1, kNow - 24 * kHourMs);
  counts.add(1, 1, kNow);
  const auto top = counts.top(5, kNow);
  ASSERT_EQ(top.size(), 2);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[1].id, 0);
  EXPECT_THAT(counts.top(1, kNow), testing::SizeIs(1));
}

TEST(Trending, RanksWhatHasFadedToNothing) {
  TrendingCounts counts(1);
  counts.add(0, 1, kNow - 1000 * kHourMs);
  counts.add(1, 1, kNow - 999 * kHourMs);
  const auto top = counts.top(5, kNow);
  ASSERT_EQ(top.size(), 2);
  EXPECT_EQ(top[0].id, 1);
  EXPECT_EQ(top[0].score, 0);
}

TEST(Trending, NeverOverflows) {
  TrendingCounts counts(0.001);
  counts.add(0, 1e300, kMaxTimestampMs);
  counts.add(1, 1e-300, kMinTimestampMs);
  EXPECT_TRUE(std::isfinite(counts.log_sums()[0]));
  EXPECT_TRUE(std::isfinite(counts.log_sums()[1]));
  EXPECT_EQ(counts.top(1, kNow)[0].id, 0);
}

TEST(Trending, IgnoresUselessWeightsAndUnknownItems) {
  TrendingCounts counts(kHour);
  counts.add(1, 0, kNow);
  counts.add(1, -2, kNow);
  counts.add(1, std::numeric_limits<double>::quiet_NaN(), kNow);
  EXPECT_EQ(counts.score(1, kNow), 0);
  EXPECT_EQ(counts.score(99, kNow), 0);
  EXPECT_THAT(counts.top(5, kNow), IsEmpty());
}

TEST(Trending, ResumesFromItsSums) {
  TrendingCounts counts(kHour);
  counts.add(3, 2, kNow);
  const TrendingCounts resumed(kHour, {counts.log_sums().begin(), counts.log_sums().end()});
  EXPECT_EQ(resumed.score(3, kNow + kHourMs), counts.score(3, kNow + kHourMs));
  EXPECT_EQ(resumed.half_life_s(), kHour);
}

}  // namespace
}  // namespace tamis::models
