#include "models/ials/ials.h"

#include <gmock/gmock.h>

#include <atomic>
#include <cmath>

#include "models/ials/ials_half_step.h"
#include "random_interactions.h"

namespace tamis::models {
namespace {

using testing::Each;
using testing::FloatNear;
using testing::Pointwise;

constexpr IalsSolver kSolvers[] = {IalsSolver::kDual, IalsSolver::kConjugateGradient, IalsSolver::kCholesky,
                                   IalsSolver::kBlock};

// Numbers below come from numpy.linalg.solve in f64 on the same four users, four items and two dimensions.
const std::vector<float> kItems = {0.5, -1.0, 1.0, 0.25, -0.75, 0.5, 0.1, 0.9};
const std::vector<float> kUsers = {-1.459149023, -1.062742626, 0.757593962, 0.302873663, 0, 0,
                                   -0.191481969, 0.42799282};
constexpr double kLoss = 6.625218596613774;
InteractionMatrix tiny_interactions() {
  return make_interaction_matrix(4, 4, {{0, 0, 1}, {0, 2, 2}, {1, 1, 1}, {3, 0, 1}, {3, 1, 0.5}, {3, 2, 3}, {3, 3, 1}});
}
IalsOptions tiny_options(IalsSolver solver) {
  return {.dim = 2,
          .unobserved_weight = 0.1,
          .regularization = 0.05,
          .regularization_exponent = 0.5,
          .solver = solver,
          .cg_steps = 20};
}

Result<IalsModel> train(const InteractionMatrix& interactions, const IalsOptions& options, std::uint32_t threads = 1) {
  return train_ials(interactions, options, {.threads = threads});
}

TEST(Ials, HalfStepSolvesTheNormalEquations) {
  for (const IalsSolver solver : kSolvers) {
    std::vector<float> users(8, 0.3F);
    ASSERT_TRUE(ials_half_step(tiny_interactions(), tiny_options(solver), kItems, users, {}).is_ok());
    EXPECT_THAT(users, Pointwise(FloatNear(2e-5F), kUsers)) << "solver " << static_cast<int>(solver);
  }
}

TEST(Ials, LossIsTheObjective) {
  const IalsModel model{.options = tiny_options(IalsSolver::kDual),
                        .users = 4,
                        .items = 4,
                        .user_factors = kUsers,
                        .item_factors = kItems};
  EXPECT_NEAR(ials_loss(tiny_interactions(), model), kLoss, 1e-5);
}

TEST(Ials, GramianIsWeightedAndSymmetric) {
  const auto gramian = ials_gramian(kItems, tiny_options(IalsSolver::kDual), {});
  ASSERT_TRUE(gramian.is_ok());
  // 0.1 * Q^T Q by hand: 0.25 + 1 + 0.5625 + 0.01, -0.5 + 0.25 - 0.375 + 0.09, 1 + 0.0625 + 0.25 + 0.81.
  EXPECT_THAT(*gramian, Pointwise(FloatNear(1e-6F), {0.18225F, -0.0535F, -0.0535F, 0.21225F}));
}

TEST(Ials, LossNeverRises) {
  const auto interactions = random_interactions(80, 60, 12, 1);
  for (const IalsSolver solver : kSolvers) {
    double last = INFINITY;
    for (std::uint32_t iterations = 1; iterations <= 8; ++iterations) {
      const auto model = train(interactions, {.dim = 16, .iterations = iterations, .solver = solver});
      ASSERT_TRUE(model.is_ok());
      const double loss = ials_loss(interactions, *model);
      EXPECT_LT(loss, last * (1 + 1e-6)) << "solver " << static_cast<int>(solver) << " sweep " << iterations;
      last = loss;
    }
    EXPECT_LT(last, 0.9 * 80 * 12);  // well below the loss of a model that says 0 to everything
  }
}

TEST(Ials, ExactSolversAgree) {
  // Dimensions below, around and above the length of the rows, so that both sides of the dual solver run.
  const auto interactions = random_interactions(50, 40, 16, 2);
  for (const std::uint32_t dim : {1U, 3U, 13U, 24U, 64U}) {
    const auto model = train(interactions, {.dim = dim, .iterations = 2});
    ASSERT_TRUE(model.is_ok());
    std::vector<float> dual = model->user_factors;
    std::vector<float> cholesky = model->user_factors;
    IalsOptions options = model->options;
    ASSERT_TRUE(ials_half_step(interactions, options, model->item_factors, dual, {}).is_ok());
    options.solver = IalsSolver::kCholesky;
    ASSERT_TRUE(ials_half_step(interactions, options, model->item_factors, cholesky, {}).is_ok());
    EXPECT_THAT(dual, Pointwise(FloatNear(2e-4F), cholesky)) << "dim " << dim;
  }
}

TEST(Ials, ConjugateGradientConvergesToTheExactSolution) {
  const auto interactions = random_interactions(50, 40, 16, 3);
  const auto exact = train(interactions, {.dim = 8, .iterations = 3});
  const auto iterated =
      train(interactions, {.dim = 8, .iterations = 3, .solver = IalsSolver::kConjugateGradient, .cg_steps = 50});
  ASSERT_TRUE(exact.is_ok() && iterated.is_ok());
  EXPECT_THAT(iterated->user_factors, Pointwise(FloatNear(1e-3F), exact->user_factors));
}

// Rendle et al. 2022: lambda (|I_u| + alpha_0 * items)^nu, worked by hand.
TEST(Ials, RegularizationGrowsWithTheFrequency) {
  IalsOptions options{.unobserved_weight = 0.1, .regularization = 0.02, .regularization_exponent = 1};
  EXPECT_NEAR(ials_row_regularization(options, 5, 40), 0.02 * 9, 1e-12);
  options.regularization_exponent = 0.5;
  EXPECT_NEAR(ials_row_regularization(options, 5, 40), 0.02 * 3, 1e-12);
  options.regularization_exponent = 0;
  EXPECT_NEAR(ials_row_regularization(options, 5, 40), 0.02, 1e-12);
}

TEST(Ials, BlocksConvergeToTheLossOfTheExactSolver) {
  // Blocks below and above the length of the rows, so that both ways of solving one run; 12 is no multiple of 5.
  const auto interactions = random_interactions(50, 40, 8, 6);
  const IalsOptions by_cholesky{.dim = 12, .iterations = 40, .regularization = 0.02, .solver = IalsSolver::kCholesky};
  const auto exact = train(interactions, by_cholesky);
  ASSERT_TRUE(exact.is_ok());
  const double bar = ials_loss(interactions, *exact);
  for (const std::uint32_t block : {1U, 5U, 12U}) {
    IalsOptions options = by_cholesky;
    options.solver = IalsSolver::kBlock;
    options.block = block;
    const auto model = train(interactions, options);
    ASSERT_TRUE(model.is_ok());
    EXPECT_NEAR(ials_loss(interactions, *model), bar, 0.005 * bar) << "block " << block;
  }
}

TEST(Ials, OneBlockOfAllDimensionsIsTheExactSolution) {
  const auto interactions = random_interactions(50, 40, 16, 2);
  for (const std::uint32_t dim : {3U, 13U, 64U}) {
    const auto model = train(interactions, {.dim = dim, .iterations = 2});
    ASSERT_TRUE(model.is_ok());
    std::vector<float> blocked = model->user_factors;
    std::vector<float> exact = model->user_factors;
    for (float& value : blocked) value *= 0.5F;  // from anywhere
    IalsOptions options = model->options;
    ASSERT_TRUE(ials_half_step(interactions, options, model->item_factors, exact, {}).is_ok());
    options.solver = IalsSolver::kBlock;
    options.block = dim;
    ASSERT_TRUE(ials_half_step(interactions, options, model->item_factors, blocked, {}).is_ok());
    EXPECT_THAT(blocked, Pointwise(FloatNear(3e-4F), exact)) << "dim " << dim;
  }
}

TEST(Ials, SameBitsForAnyNumberOfThreads) {
  const auto interactions = random_interactions(300, 200, 10, 4);
  for (const IalsSolver solver : kSolvers) {
    const IalsOptions options{.dim = 12, .iterations = 2, .seed = 9, .solver = solver};
    const auto one = train(interactions, options, 1);
    const auto four = train(interactions, options, 4);
    ASSERT_TRUE(one.is_ok() && four.is_ok());
    EXPECT_EQ(one->user_factors, four->user_factors);
    EXPECT_EQ(one->item_factors, four->item_factors);
  }
  const auto other = train(interactions, {.dim = 12, .iterations = 2, .seed = 10});
  const auto one = train(interactions, {.dim = 12, .iterations = 2, .seed = 9});
  EXPECT_NE(one->user_factors, other->user_factors);
}

TEST(Ials, FoldInEqualsTheTrainingHalfStep) {
  const auto interactions = random_interactions(60, 50, 15, 5);
  for (const std::uint32_t dim : {4U, 40U}) {
    const IalsOptions options{.dim = dim, .iterations = 3};
    const auto model = train(interactions, options);
    ASSERT_TRUE(model.is_ok());
    std::vector<float> users = model->user_factors;
    ASSERT_TRUE(ials_half_step(interactions, options, model->item_factors, users, {}).is_ok());
    const IalsFoldIn fold_in(model->item_factors, options);
    std::vector<float> factor(dim);
    for (std::uint32_t user = 0; user < interactions.rows; ++user) {
      fold_in.solve(interactions.row_columns(user), interactions.row_weights(user), factor);
      EXPECT_THAT(factor, Pointwise(FloatNear(1e-4F), std::span(users).subspan(std::size_t{user} * dim, dim)));
    }
    fold_in.solve({}, {}, factor);
    EXPECT_THAT(factor, Each(0.0F));
  }
}

TEST(Ials, LearnsThePlantedTastes) {
  const auto interactions = random_interactions(100, 60, 10, 6);
  const auto model = train(interactions, {.dim = 8, .iterations = 10});
  ASSERT_TRUE(model.is_ok());
  double matching = 0;
  double other = 0;
  for (std::uint32_t user = 0; user < 100; ++user) {
    for (std::uint32_t item = 0; item < 60; ++item) {
      double product = 0;
      for (std::uint32_t d = 0; d < 8; ++d) {
        product += model->user_factors[user * 8 + d] * model->item_factors[item * 8 + d];
      }
      (user % 2 == item % 2 ? matching : other) += product;
    }
  }
  EXPECT_GT(matching, 3 * other);
}

TEST(Ials, DegenerateInputs) {
  const IalsOptions options{.dim = 1, .iterations = 2};
  const auto empty = train(make_interaction_matrix(0, 0, {}), options);
  ASSERT_TRUE(empty.is_ok());
  EXPECT_TRUE(empty->user_factors.empty());
  const auto silent = train(make_interaction_matrix(3, 2, {}), options);
  ASSERT_TRUE(silent.is_ok());
  EXPECT_THAT(silent->user_factors, Each(0.0F));
  EXPECT_THAT(silent->item_factors, Each(0.0F));
  for (const IalsSolver solver : kSolvers) {
    const auto one = train(make_interaction_matrix(1, 1, {{0, 0, 1}}), {.dim = 1, .iterations = 2, .solver = solver});
    ASSERT_TRUE(one.is_ok());
    EXPECT_GT(std::abs(one->user_factors[0] * one->item_factors[0]), 0.1);
    const auto heavy = train(make_interaction_matrix(2, 3, {{0, 0, 1e20F}, {0, 1, 1e-20F}, {1, 1, 1}}),
                             {.dim = 4, .iterations = 2, .solver = solver});
    if (!heavy.is_ok()) continue;  // the reference says so where f32 does not reach
    for (const float value : heavy->user_factors) EXPECT_TRUE(std::isfinite(value)) << static_cast<int>(solver);
  }
}

TEST(Ials, UsersWithoutItemsGetZeros) {
  const auto model =
      train(make_interaction_matrix(3, 3, {{0, 0, 1}, {2, 0, 1}, {2, 2, 1}}), {.dim = 2, .iterations = 1});
  ASSERT_TRUE(model.is_ok());
  EXPECT_THAT(std::span(model->user_factors).subspan(2, 2), Each(0.0F));
  EXPECT_THAT(std::span(model->item_factors).subspan(2, 2), Each(0.0F));
}

TEST(Ials, StopsWhenCancelled) {
  const std::atomic<bool> cancelled{true};
  const auto model =
      train_ials(random_interactions(20, 20, 5, 7), {.dim = 4}, {.threads = 2, .report = {}, .cancelled = &cancelled});
  EXPECT_EQ(model.status().code(), StatusCode::kUnavailable);
}

TEST(Ials, ReportsProgress) {
  std::vector<double> fractions;
  const auto model = train_ials(random_interactions(20, 20, 5, 7), {.dim = 4, .iterations = 4},
                                {.threads = 1,
                                 .report = [&](double fraction, std::string_view) { fractions.push_back(fraction); },
                                 .cancelled = nullptr});
  ASSERT_TRUE(model.is_ok());
  EXPECT_THAT(fractions, testing::ElementsAre(0.25, 0.5, 0.75, 1));
}

TEST(Ials, RefusesOptionsOutOfRange) {
  const auto field_of = [](const IalsOptions& options) {
    const auto model = train(make_interaction_matrix(1, 1, {{0, 0, 1}}), options);
    EXPECT_EQ(model.status().code(), StatusCode::kInvalidArgument);
    return model.status().field();
  };
  EXPECT_EQ(field_of({.dim = 0}), "dim");
  EXPECT_EQ(field_of({.dim = 2049}), "dim");
  EXPECT_EQ(field_of({.iterations = 0}), "iterations");
  EXPECT_EQ(field_of({.unobserved_weight = -0.1}), "unobserved_weight");
  EXPECT_EQ(field_of({.regularization = NAN}), "regularization");
  EXPECT_EQ(field_of({.regularization_exponent = 1.5}), "regularization_exponent");
  EXPECT_EQ(field_of({.init_stddev = -1}), "init_stddev");
  EXPECT_EQ(field_of({.cg_steps = 0}), "cg_steps");
  EXPECT_EQ(field_of({.block = 0}), "block");
}

TEST(Ials, RefusesBadWeights) {
  for (const float weight : {0.0F, NAN, INFINITY, -INFINITY}) {
    InteractionMatrix interactions = make_interaction_matrix(1, 1, {{0, 0, 1}});
    interactions.weight[0] = weight;
    EXPECT_EQ(train(interactions, {.dim = 2}).status().field(), "weight");
  }
}

TEST(Ials, WeighsTheZerosByTheSizeOfTheCatalogue) {
  EXPECT_DOUBLE_EQ(unobserved_weight_for(40'981), 300.0 / 40'981);
  EXPECT_DOUBLE_EQ(unobserved_weight_for(20), 0.3);
  const InteractionMatrix interactions = random_interactions(20, 20, 5, 7);
  const auto by_data = train_ials(interactions, {.dim = 4, .iterations = 2, .unobserved_weight = 0}, {});
  const auto given = train_ials(interactions, {.dim = 4, .iterations = 2, .unobserved_weight = 0.3}, {});
  ASSERT_TRUE(by_data.is_ok() && given.is_ok());
  EXPECT_EQ(by_data->options.unobserved_weight, 0.3) << "what the fold-in takes";
  EXPECT_EQ(by_data->item_factors, given->item_factors);
}

}  // namespace
}  // namespace tamis::models
