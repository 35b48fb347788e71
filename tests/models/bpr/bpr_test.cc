#include "models/bpr/bpr.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <limits>

#include "../random_interactions.h"
#include "models/blas.h"
#include "models/bpr/bpr_batch.h"
#include "models/bpr/bpr_options.h"

namespace tamis::models {
namespace {

using testing::Each;
using testing::HasSubstr;
using testing::Pointwise;

std::vector<float> first(const std::vector<float>& values, std::size_t begin, std::size_t count) {
  const auto from = values.begin() + static_cast<std::ptrdiff_t>(begin);
  return {from, from + static_cast<std::ptrdiff_t>(count)};
}

// One user of two items: the item not met is the only negative. The numbers are NumPy's, from the formulas of bpr.h.
TEST(BprBatch, OneStepByHand) {
  const InteractionMatrix one = make_interaction_matrix(1, 2, {{.row = 0, .column = 0}});
  const BprOptions options{.dim = 2, .negatives = 1, .learning_rate = 0.1, .regularization = 0.01};
  AdagradRows users{.factors = {0.5F, -0.2F}, .square_means = {0}};
  AdagradRows items{.factors = {0.1F, 0.3F, -0.4F, 0.2F}, .square_means = {0, 0}};
  BprBatch batch(one, options);
  const BprBatch::Pair positive{.user = 0, .item = 0};
  ASSERT_TRUE(batch.step({&positive, 1}, 1, users, items, {}).is_ok());
  EXPECT_THAT(users.factors, Pointwise(testing::FloatNear(1e-5F), {0.63829403F, -0.17042378F}));
  EXPECT_THAT(items.factors,
              Pointwise(testing::FloatNear(1e-5F), {0.23060012F, 0.24574503F, -0.53138961F, 0.25231407F}));
  EXPECT_NEAR(users.square_means[0], 0.02448, 1e-6);
}

TEST(BprBatch, TakesTheHardestOfTheDraws) {
  // The user likes item 0; item 2 scores highest of the others. With many draws it is the one that is pushed down.
  const InteractionMatrix one = make_interaction_matrix(1, 4, {{.row = 0, .column = 0}});
  const BprOptions options{.dim = 1, .negatives = 64, .regularization = 0};
  AdagradRows users{.factors = {1}, .square_means = {0}};
  AdagradRows items{.factors = {0, -1, 2, 0.5F}, .square_means = {0, 0, 0, 0}};
  BprBatch batch(one, options);
  const BprBatch::Pair positive{.user = 0, .item = 0};
  ASSERT_TRUE(batch.step({&positive, 1}, 9, users, items, {}).is_ok());
  EXPECT_EQ(items.factors[1], -1);
  EXPECT_LT(items.factors[2], 2);
  EXPECT_EQ(items.factors[3], 0.5F);
}

TEST(BprBatch, LeavesAUserWhoMetEverythingAlone) {
  const InteractionMatrix all = make_interaction_matrix(1, 2, {{.row = 0, .column = 0}, {.row = 0, .column = 1}});
  AdagradRows users{.factors = {1}, .square_means = {0}};
  AdagradRows items{.factors = {0.5F, -1}, .square_means = {0, 0}};
  BprBatch batch(all, {.dim = 1});
  const BprBatch::Pair positive{.user = 0, .item = 0};
  ASSERT_TRUE(batch.step({&positive, 1}, 1, users, items, {}).is_ok());
  EXPECT_EQ(users.factors[0], 1);
  EXPECT_THAT(items.factors, testing::ElementsAre(0.5F, -1));
}

TEST(Bpr, IsTheSameForAnyNumberOfThreads) {
  const InteractionMatrix interactions = random_interactions(300, 120, 15, 3);
  const BprOptions options{.dim = 8, .epochs = 3, .batch = 700};
  const auto one = train_bpr(interactions, options, {.threads = 1});
  const auto four = train_bpr(interactions, options, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  EXPECT_EQ(one->user_factors, four->user_factors);
  EXPECT_EQ(one->item_factors, four->item_factors);
  BprOptions other = options;
  other.seed = 43;
  EXPECT_NE(train_bpr(interactions, other, {})->item_factors, one->item_factors);
}

TEST(Bpr, RanksWhatWasMetAboveWhatWasNot) {
  const InteractionMatrix interactions = random_interactions(200, 60, 12, 5);
  const auto model = train_bpr(interactions, {.dim = 16, .epochs = 30, .batch = 256}, {.threads = 2});
  ASSERT_TRUE(model.is_ok());
  double right = 0;
  double pairs = 0;
  for (std::uint32_t user = 0; user < 200; ++user) {
    const auto met = interactions.row_columns(user);
    std::vector<float> scores(60);
    for (std::size_t item = 0; item < 60; ++item) {
      scores[item] = blas::dot(16, model->user_factors.data() + user * 16, model->item_factors.data() + item * 16);
    }
    for (std::uint32_t item = 0; item < 60; ++item) {
      if (std::binary_search(met.begin(), met.end(), item)) continue;
      for (const std::uint32_t liked : met) {
        right += scores[liked] > scores[item];
        ++pairs;
      }
    }
  }
  EXPECT_GT(right / pairs, 0.9);
}

TEST(Bpr, GivesZerosToAUserWithoutInteractions) {
  const InteractionMatrix interactions =
      make_interaction_matrix(3, 4, {{.row = 0, .column = 1}, {.row = 2, .column = 3}});
  const auto model = train_bpr(interactions, {.dim = 4, .epochs = 2}, {});
  ASSERT_TRUE(model.is_ok());
  EXPECT_THAT(first(model->user_factors, 4, 4), Each(0));
  EXPECT_THAT(first(model->user_factors, 0, 4), testing::Not(Each(0)));
}

TEST(Bpr, RefusesOptionsOutOfRange) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(validate(BprOptions{.dim = 0}).field(), "dim");
  EXPECT_EQ(validate(BprOptions{.epochs = 0}).field(), "epochs");
  EXPECT_EQ(validate(BprOptions{.batch = 0}).field(), "batch");
  EXPECT_EQ(validate(BprOptions{.negatives = 257}).field(), "negatives");
  EXPECT_EQ(validate(BprOptions{.learning_rate = nan}).field(), "learning_rate");
  EXPECT_EQ(validate(BprOptions{.regularization = -1}).field(), "regularization");
  EXPECT_THAT(validate(BprOptions{.init_stddev = 0}).message(), HasSubstr("expected a finite number above 0"));
  const auto table = resolve_settings(bpr_table(), {});
  ASSERT_TRUE(table.is_ok());
  EXPECT_TRUE(validate(bpr_options(*table)).is_ok());
  EXPECT_EQ(bpr_options(*table).negatives, BprOptions{}.negatives);
}

TEST(Bpr, StopsWhenCancelled) {
  const std::atomic<bool> cancelled{true};
  const auto model = train_bpr(random_interactions(20, 20, 5, 1), {}, {.cancelled = &cancelled});
  EXPECT_EQ(model.status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace tamis::models
