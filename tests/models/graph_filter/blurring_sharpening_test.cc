#include "models/graph_filter/blurring_sharpening.h"

#include <gmock/gmock.h>

#include <cmath>

#include "../random_interactions.h"
#include "../small_interactions.h"
#include "models/graph_filter/graph_filter_options.h"
#include "models/graph_filter/truncated_svd.h"

namespace tamis::models {
namespace {

using testing::FloatNear;
using testing::Pointwise;

// The expected numbers for small_interactions() are NumPy's, from dense matrices.
std::vector<float> scores_of(const BlurringSharpening& filter, std::span<const std::uint32_t> history) {
  std::vector<float> scores(filter.items());
  filter.score({&history, 1}, scores);
  return scores;
}

TEST(TruncatedSvd, FindsTheSingularValues) {
  InteractionMatrix normalized = small_interactions();
  const InteractionMatrix by_item = normalized.transpose();
  for (std::uint32_t user = 0; user < 4; ++user) {
    for (std::uint64_t i = normalized.offsets[user]; i < normalized.offsets[user + 1]; ++i) {
      const double degrees =
          static_cast<double>(normalized.row_columns(user).size() * by_item.row_columns(normalized.column[i]).size());
      normalized.weight[i] = static_cast<float>(1 / std::sqrt(degrees));
    }
  }
  const auto svd = truncated_svd(normalized, normalized.transpose(), {.rank = 4, .iterations = 20}, {});
  ASSERT_TRUE(svd.is_ok());
  EXPECT_THAT(svd->values, Pointwise(FloatNear(1e-4F), {1.0000000F, 0.7794834F, 0.5319789F, 0.2320528F}));
  // The vectors are orthonormal.
  for (std::size_t a = 0; a < svd->rank; ++a) {
    for (std::size_t b = 0; b <= a; ++b) {
      double dot = 0;
      for (std::size_t item = 0; item < 5; ++item) {
        dot += double{svd->vectors[item * svd->rank + a]} * svd->vectors[item * svd->rank + b];
      }
      EXPECT_NEAR(dot, a == b ? 1 : 0, 1e-3) << a << " " << b;
    }
  }
}

TEST(BlurringSharpening, ScoresByHand) {
  const std::vector<std::uint32_t> history = {0, 1};
  const auto filter = BlurringSharpening::build(small_interactions(), {.rank = 2, .svd_iterations = 30}, {});
  ASSERT_TRUE(filter.is_ok());
  EXPECT_THAT(scores_of(*filter, history),
              Pointwise(FloatNear(1e-4F), {0.4479880F, 0.5306916F, 0.2836645F, 0.2515245F, 0.1476863F}));
}

TEST(BlurringSharpening, WithoutLowPassAndSharpeningIsPropagation) {
  const std::vector<std::uint32_t> history = {0, 1};
  const auto filter =
      BlurringSharpening::build(small_interactions(), {.rank = 2, .low_pass_weight = 0, .sharpening_time = 0}, {});
  ASSERT_TRUE(filter.is_ok());
  EXPECT_THAT(scores_of(*filter, history),
              Pointwise(FloatNear(1e-5F), {0.7568736F, 0.7846514F, 0.3027494F, 0.2041241F, 0.0000000F}));
}

TEST(BlurringSharpening, AnswersDoNotDependOnThreadsOrCompany) {
  const InteractionMatrix interactions = random_interactions(90, 50, 9, 4);
  const BlurringSharpeningOptions options{.rank = 8};
  const auto one = BlurringSharpening::build(interactions, options, {.threads = 1});
  const auto four = BlurringSharpening::build(interactions, options, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  std::vector<std::span<const std::uint32_t>> histories;
  for (std::uint32_t user = 0; user < 40; ++user) histories.push_back(interactions.row_columns(user));
  std::vector<float> together(40 * 50);
  one->score(histories, together);
  for (const std::size_t user : {0, 17, 39}) {
    const std::vector<float> alone = scores_of(*four, histories[user]);
    EXPECT_THAT(std::vector<float>(together.begin() + static_cast<std::ptrdiff_t>(user * 50),
                                   together.begin() + static_cast<std::ptrdiff_t>(user * 50 + 50)),
                Pointwise(FloatNear(1e-6F), alone));
  }
}

TEST(BlurringSharpening, TakesEmptyHistoriesAndItemsOfNobody) {
  const auto filter = BlurringSharpening::build(make_interaction_matrix(2, 3, {{.row = 0, .column = 1}}), {}, {});
  ASSERT_TRUE(filter.is_ok());
  EXPECT_THAT(scores_of(*filter, {}), testing::Each(0));
  const std::vector<std::uint32_t> history = {0, 2};
  EXPECT_THAT(scores_of(*filter, history), testing::Each(0));
}

TEST(BlurringSharpening, RefusesOptionsOutOfRange) {
  EXPECT_EQ(validate(BlurringSharpeningOptions{.rank = 0}).field(), "rank");
  EXPECT_EQ(validate(BlurringSharpeningOptions{.low_pass_weight = -1}).field(), "low_pass_weight");
  EXPECT_EQ(validate(BlurringSharpeningOptions{.sharpening_time = 11}).field(), "sharpening_time");
  EXPECT_EQ(validate(BlurringSharpeningOptions{.sharpening_steps = 0}).field(), "sharpening_steps");
  EXPECT_EQ(validate(BlurringSharpeningOptions{.svd_iterations = 0}).field(), "svd_iterations");
  const auto settings = resolve_settings(blurring_sharpening_table(), {});
  ASSERT_TRUE(settings.is_ok());
  EXPECT_EQ(blurring_sharpening_options(*settings).rank, BlurringSharpeningOptions{}.rank);
  EXPECT_TRUE(validate(blurring_sharpening_options(*settings)).is_ok());
}

}  // namespace
}  // namespace tamis::models
