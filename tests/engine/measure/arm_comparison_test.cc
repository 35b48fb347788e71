// The statistics of experiments: against numbers from elsewhere, and over a thousand simulated ones.
#include "engine/measure/arm_comparison.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "common/random.h"
#include "engine/experiments/hash_split.h"
#include "engine/measure/distributions.h"
#include "engine/measure/experiment_results.h"

namespace tamis::engine {
namespace {

TEST(DistributionsTest, AgreesWithPublishedTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-12);
  EXPECT_NEAR(normal_quantile(0.001), -3.090232306167813, 1e-11);
  EXPECT_NEAR(two_sided_normal_p(1.959963984540054), 0.05, 1e-12);
  EXPECT_NEAR(chi_square_p(3.841458820694124, 1), 0.05, 1e-12);
  EXPECT_NEAR(chi_square_p(16.918977604620448, 9), 0.05, 1e-12);
  EXPECT_NEAR(chi_square_p(10'232.7, 9'999), 0.05, 1e-3);
  EXPECT_EQ(chi_square_p(0, 3), 1);
}

TEST(ArmComparisonTest, RatiosTakeTheirErrorFromUsers) {
  RatioSums sums;  // clicks, slots: 1/10, 3/10, 0/20
  sums.add(1, 10);
  sums.add(3, 10);
  sums.add(0, 20);
  const Estimate estimate = ratio_estimate(sums);
  EXPECT_DOUBLE_EQ(estimate.value, 0.1);
  // Residuals 0, 2, -2: sqrt(8 * 3 / 2) / 40.
  EXPECT_NEAR(estimate.standard_error, std::sqrt(12.0) / 40, 1e-12);
}

TEST(ArmComparisonTest, AlwaysValidIntervalsAreWiderAndAgreeWithTheirP) {
  for (const double users : {50.0, 1'000.0, 10'000.0, 1e6}) {
    const double z = always_valid_z(users, 10'000, 0.05);
    EXPECT_GT(z, 2.5) << users;
    EXPECT_NEAR(always_valid_p(z, users, 10'000, 0.05), 0.05, 1e-9) << users;
    EXPECT_LE(always_valid_z(10'000, 10'000, 0.05), z + 1e-9) << "tightest where planned";
  }
  EXPECT_NEAR(always_valid_z(10'000, 10'000, 0.05), 3.03, 0.05);
}

// One experiment: people come over `days`, come back, and click; looked at after every day.
struct Looks {
  bool fixed_rejects = false;
  bool always_rejects = false;
  bool fixed_rejects_at_end = false;
};
Looks run_experiment(std::uint64_t seed, double control_rate, double treated_rate) {
  constexpr int kDays = 28;
  constexpr int kNewUsers = 40;
  struct User {
    int arm;
    double rate, clicks, slots;
  };
  Random random(seed);
  std::vector<User> users;
  Looks looks;
  for (int day = 0; day < kDays; ++day) {
    for (int i = 0; i < kNewUsers; ++i) {
      const int arm = random.uniform() < 0.5 ? 0 : 1;
      const double taste = 0.4 + 1.2 * random.uniform();  // people differ
      users.push_back({arm, taste * (arm == 0 ? control_rate : treated_rate), 0, 0});
    }
    for (User& user : users) {
      const bool is_new = user.slots == 0;
      if (!is_new && random.uniform() > 0.15) continue;  // some come back
      user.slots += 10;
      for (int slot = 0; slot < 10; ++slot) user.clicks += random.uniform() < user.rate ? 1 : 0;
    }
    std::array<RatioSums, 2> sums;
    for (const User& user : users) sums[static_cast<std::size_t>(user.arm)].add(user.clicks, user.slots);
    const ArmComparison comparison =
        compare(ratio_estimate(sums[1]), ratio_estimate(sums[0]), {.alpha = 0.05, .planned_users = 1'000});
    looks.fixed_rejects |= comparison.p_value < 0.05;
    looks.always_rejects |= comparison.is_significant;
    looks.fixed_rejects_at_end = comparison.p_value < 0.05;
  }
  return looks;
}

TEST(ArmComparisonTest, PeekingEveryDayStaysBelowAlphaOverAThousandAaExperiments) {
  int fixed = 0, always = 0, fixed_at_end = 0;
  for (std::uint64_t seed = 0; seed < 1'000; ++seed) {
    const Looks looks = run_experiment(seed, 0.1, 0.1);
    fixed += looks.fixed_rejects ? 1 : 0;
    always += looks.always_rejects ? 1 : 0;
    fixed_at_end += looks.fixed_rejects_at_end ? 1 : 0;
  }
  RecordProperty("always_valid", always);
  RecordProperty("fixed_with_peeking", fixed);
  RecordProperty("fixed_at_the_end", fixed_at_end);
  EXPECT_LT(always, 50) << "of 1000 A/A experiments";
  EXPECT_GT(fixed, 150) << "peeking at a fixed-sample test finds what is not there";
  EXPECT_NEAR(fixed_at_end, 50, 28) << "looked at once it keeps its word";  // four standard deviations
}

TEST(ArmComparisonTest, ATrueLiftIsFound) {
  int found = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) found += run_experiment(seed, 0.1, 0.13).always_rejects ? 1 : 0;
  RecordProperty("found", found);
  EXPECT_GE(found, 90) << "of 100 experiments with a lift of 30%";
}

TEST(ArmComparisonTest, LiftAndItsInterval) {
  const Estimate control{.value = 0.10, .standard_error = 0.005, .users = 2'000};
  const Estimate treated{.value = 0.12, .standard_error = 0.006, .users = 2'000};
  const ArmComparison comparison = compare(treated, control, {});
  EXPECT_NEAR(comparison.difference.value, 0.02, 1e-12);
  EXPECT_NEAR(comparison.difference.high - comparison.difference.value, 1.959964 * std::hypot(0.005, 0.006), 1e-7);
  EXPECT_NEAR(comparison.lift.value, 0.2, 1e-12);
  EXPECT_NEAR(comparison.lift.high - 0.2, 1.959964 * std::hypot(0.06, 0.06), 1e-6);
  EXPECT_NEAR(comparison.p_value, 0.0104, 2e-4);
}

TEST(SampleRatioTest, AMismatchIsSeenAndChanceIsNot) {
  EXPECT_NEAR(sample_ratio_p({520, 480}, {0.5, 0.5}), 0.2059, 1e-4);  // chi-square 1.6
  EXPECT_LT(sample_ratio_p({5'300, 4'700}, {0.5, 0.5}), 1e-8);
  EXPECT_EQ(sample_ratio_p({100}, {1}), 1);
  EXPECT_EQ(sample_ratio_p({0, 0}, {0.5, 0.5}), 1);
}

// --- the split ---

TEST(HashSplitTest, BucketsAreUniform) {
  std::vector<double> counts(100);
  for (int user = 0; user < 200'000; ++user) ++counts[bucket_of("layer", "user-" + std::to_string(user)) / 100];
  double chi_square = 0;
  for (const double count : counts) chi_square += (count - 2'000) * (count - 2'000) / 2'000;
  EXPECT_GT(chi_square_p(chi_square, 99), 0.001) << chi_square;
}

TEST(HashSplitTest, LayersAreIndependent) {
  std::array<std::array<double, 10>, 10> counts{};
  for (int user = 0; user < 100'000; ++user) {
    const std::string id = "user-" + std::to_string(user);
    ++counts[bucket_of("ranking", id) / 1'000][bucket_of("layout", id) / 1'000];
  }
  std::array<double, 10> rows{}, columns{};
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t j = 0; j < 10; ++j) {
      rows[i] += counts[i][j];
      columns[j] += counts[i][j];
    }
  }
  double chi_square = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t j = 0; j < 10; ++j) {
      const double expected = rows[i] * columns[j] / 100'000;
      chi_square += (counts[i][j] - expected) * (counts[i][j] - expected) / expected;
    }
  }
  EXPECT_GT(chi_square_p(chi_square, 81), 0.001) << chi_square;
}

// As the xxHash library computes them from the documented bytes: a change would move everybody.
TEST(HashSplitTest, GoldenBuckets) {
  EXPECT_EQ(bucket_of("ranking", "ada"), 7'968u);
  EXPECT_EQ(bucket_of("layer:=ranking", "bob"), 9'198u);
  EXPECT_EQ(arm_of(0, std::vector<double>{0.5, 0.5}), 0u);
  EXPECT_EQ(arm_of(4'999, std::vector<double>{0.5, 0.5}), 0u);
  EXPECT_EQ(arm_of(5'000, std::vector<double>{0.5, 0.5}), 1u);
  EXPECT_EQ(arm_of(9'999, std::vector<double>{0.1, 0.2, 0.7}), 2u);
}

}  // namespace
}  // namespace tamis::engine
