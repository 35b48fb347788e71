// Losses over shared candidates: gradients against finite differences, values against the formulas.
#include "models/nn/candidate_loss.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/models/nn/gradient_check.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kDim = 5;
constexpr std::size_t kQueries = 4;
constexpr std::size_t kCandidates = 21;  // longer than the lanes, with a tail

struct Problem {
  Random random{11};
  std::vector<float> queries = random_vector(kQueries * kDim, random, 0.6);
  std::vector<float> items = random_vector(kCandidates * kDim, random, 0.6);
  std::vector<float> logit_offsets = random_vector(kCandidates, random);
  std::vector<std::uint32_t> target_offsets = {0, 1, 3, 3, 5}, targets = {2, 0, 20, 7, 8};  // the third row has none
  std::vector<std::uint32_t> ignored_offsets = {0, 2, 2, 3, 4}, ignored = {5, 19, 1, 3};

  CandidateBatch batch() const {
    return {.dim = kDim,
            .rows = kQueries,
            .candidates = kCandidates,
            .queries = queries.data(),
            .items = items.data(),
            .target_offsets = target_offsets,
            .targets = targets,
            .ignored_offsets = ignored_offsets,
            .ignored = ignored,
            .logit_offsets = logit_offsets.data()};
  }
  double score(std::size_t query, std::size_t item) const {
    double sum = 0;
    for (std::size_t d = 0; d < kDim; ++d) sum += double{queries[query * kDim + d]} * items[item * kDim + d];
    return sum;
  }
};

struct Outcome {
  double loss = 0;
  std::vector<float> dqueries, ditems;
};

Outcome run(const Problem& problem, const CandidateLossOptions& options, float scale = 1, std::uint32_t threads = 1) {
  Outcome outcome{0, std::vector<float>(kQueries * kDim), std::vector<float>(kCandidates * kDim)};
  CandidateScratch scratch;
  const auto loss = candidate_loss(options, problem.batch(), scale, outcome.dqueries.data(), outcome.ditems.data(),
                                   scratch, {.threads = threads});
  EXPECT_TRUE(loss.is_ok());
  outcome.loss = *loss;
  return outcome;
}

class EveryLoss : public testing::TestWithParam<CandidateLossKind> {};

TEST_P(EveryLoss, GradientsMatchFiniteDifferences) {
  Problem problem;
  const CandidateLossOptions options{
      .kind = GetParam(), .inverse_temperature = 1.7F, .margin = 0.31F, .negative_weight = 3};
  const Outcome outcome = run(problem, options);
  EXPECT_GT(outcome.loss, 0);
  const auto loss = [&] { return run(problem, options).loss; };
  expect_gradient("queries", problem.queries, outcome.dqueries, loss, problem.random);
  expect_gradient("items", problem.items, outcome.ditems, loss, problem.random, 105);
}

TEST_P(EveryLoss, ScalesGradientsAlone) {
  const Problem problem;
  const CandidateLossOptions options{.kind = GetParam()};
  const Outcome once = run(problem, options);
  const Outcome half = run(problem, options, 0.5F);
  EXPECT_EQ(once.loss, half.loss);
  for (std::size_t i = 0; i < once.ditems.size(); ++i) EXPECT_NEAR(half.ditems[i], once.ditems[i] / 2, 1e-5);
}

TEST_P(EveryLoss, ARowWithoutTargetsIsSilent) {
  const Outcome outcome = run(Problem{}, {.kind = GetParam()});
  for (std::size_t d = 0; d < kDim; ++d) EXPECT_EQ(outcome.dqueries[2 * kDim + d], 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryLoss,
                         testing::Values(CandidateLossKind::kSoftmax, CandidateLossKind::kBce,
                                         CandidateLossKind::kMargin, CandidateLossKind::kCosineContrastive));

TEST(CandidateLoss, SoftmaxCorrectsNegativesAndSparesTargets) {
  const Problem problem;
  double expected = 0;
  for (std::size_t row = 0; row < kQueries; ++row) {
    const auto is_in = [&](const std::vector<std::uint32_t>& offsets, const std::vector<std::uint32_t>& ids,
                           std::size_t c) {
      return std::find(ids.begin() + offsets[row], ids.begin() + offsets[row + 1], c) != ids.begin() + offsets[row + 1];
    };
    double sum = 0;
    for (std::size_t c = 0; c < kCandidates; ++c) {
      if (is_in(problem.ignored_offsets, problem.ignored, c)) continue;
      const bool target = is_in(problem.target_offsets, problem.targets, c);
      sum += std::exp(2 * problem.score(row, c) + (target ? 0.0 : double{problem.logit_offsets[c]}));
    }
    for (std::uint32_t t = problem.target_offsets[row]; t < problem.target_offsets[row + 1]; ++t) {
      expected += std::log(sum) - 2 * problem.score(row, problem.targets[t]);
    }
  }
  EXPECT_NEAR(run(problem, {.kind = CandidateLossKind::kSoftmax, .inverse_temperature = 2}).loss, expected, 1e-4);
}

TEST(CandidateLoss, IsTheSameForAnyNumberOfThreads) {
  Random random(5);
  constexpr std::size_t kMany = 700;
  const auto queries = random_vector(kMany * kDim, random);
  const auto items = random_vector(kMany * kDim, random);
  std::vector<std::uint32_t> offsets(kMany + 1), none(kMany + 1, 0), targets(kMany);
  for (std::uint32_t i = 0; i < kMany; ++i) offsets[i + 1] = i + 1, targets[i] = random.below(kMany);
  const CandidateBatch batch{.dim = kDim,
                             .rows = kMany,
                             .candidates = kMany,
                             .queries = queries.data(),
                             .items = items.data(),
                             .target_offsets = offsets,
                             .targets = targets,
                             .ignored_offsets = none,
                             .ignored = {}};
  std::vector<float> reference;
  for (const std::uint32_t threads : {1U, 2U, 5U}) {
    std::vector<float> dqueries(kMany * kDim), ditems(kMany * kDim);
    CandidateScratch scratch;
    ASSERT_TRUE(candidate_loss({}, batch, 1, dqueries.data(), ditems.data(), scratch, {.threads = threads}).is_ok());
    dqueries.insert(dqueries.end(), ditems.begin(), ditems.end());
    if (reference.empty()) reference = dqueries;
    EXPECT_EQ(dqueries, reference) << threads;
  }
}

}  // namespace
}  // namespace tamis::models::nn
