#include "common/random.h"

#include <gtest/gtest.h>

namespace tamis {
namespace {

TEST(Random, IsSplitMix64) {
  // First outputs for seed 1234567, from the reference implementation (prng.di.unimi.it/splitmix64.c).
  Random random(1234567);
  EXPECT_EQ(random(), 6457827717110365317ULL);
  EXPECT_EQ(random(), 3203168211198807973ULL);
  EXPECT_EQ(random(), 9817491932198370423ULL);
}

TEST(Random, DistributionsHaveTheirMoments) {
  Random random(7);
  constexpr int kDraws = 200'000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  int below_counts[5] = {};
  for (int i = 0; i < kDraws; ++i) {
    sum += random.uniform();
    const double normal = random.normal();
    normal_sum += normal;
    normal_squares += normal * normal;
    ++below_counts[random.below(5)];
  }
  EXPECT_NEAR(sum / kDraws, 0.5, 0.005);
  EXPECT_NEAR(normal_sum / kDraws, 0.0, 0.01);
  EXPECT_NEAR(normal_squares / kDraws, 1.0, 0.02);
  for (const int count : below_counts) EXPECT_NEAR(count, kDraws / 5, 900);  // five standard deviations
}

}  // namespace
}  // namespace tamis
