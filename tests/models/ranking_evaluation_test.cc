#include "models/ranking_evaluation.h"

#include <gmock/gmock.h>

#include "common/random.h"

namespace tamis::models {
namespace {

using testing::DoubleNear;
using testing::ElementsAre;

using Ids = std::vector<std::uint32_t>;

TEST(RankingEvaluation, MasksSeenItemsAndAverages) {
  const Ids seen = {0, 2};
  const Ids none;
  const Ids first = {1};
  const Ids second = {3, 4};
  const std::vector<EvaluationCase> cases = {{.user = 0, .seen = seen, .relevant = first},
                                             {.user = 1, .seen = none, .relevant = second}};
  // User 0 gets {1, 3}, user 1 gets {0, 2}.
  const auto metrics = evaluate_ranking(cases, 5, rank_for_everyone({0, 2, 1, 3, 4}), 2, {});
  ASSERT_TRUE(metrics.is_ok());
  EXPECT_EQ(metrics->users, 2);
  EXPECT_DOUBLE_EQ(metrics->recall, 0.5);
  EXPECT_DOUBLE_EQ(metrics->ndcg, 0.5);
  EXPECT_DOUBLE_EQ(metrics->hr, 0.5);
  EXPECT_DOUBLE_EQ(metrics->mrr, 0.5);
  EXPECT_DOUBLE_EQ(metrics->map, 0.5);
  EXPECT_DOUBLE_EQ(metrics->coverage, 0.8);  // items 0, 1, 2 and 3 of 5
  EXPECT_DOUBLE_EQ(metrics->gini, 0.2);      // counts 1, 1, 1, 1, 0
  EXPECT_THAT(metrics->named(2), testing::Contains(testing::Pair("recall@2", DoubleNear(0.5, 1e-12))));
}

TEST(RankingEvaluation, KBeyondTheItemsAndShortLists) {
  const Ids none;
  const Ids relevant = {0, 1, 2};
  const std::vector<EvaluationCase> cases = {{.user = 0, .seen = none, .relevant = relevant}};
  const auto metrics = evaluate_ranking(cases, 3, rank_for_everyone({2, 0}), 100, {});
  ASSERT_TRUE(metrics.is_ok());
  EXPECT_NEAR(metrics->recall, 2.0 / 3, 1e-12);
}

TEST(RankingEvaluation, NothingToEvaluate) {
  const auto metrics = evaluate_ranking({}, 0, rank_for_everyone({}), 20, {});
  ASSERT_TRUE(metrics.is_ok());
  EXPECT_EQ(metrics->users, 0);
  EXPECT_EQ(metrics->recall, 0);
  EXPECT_EQ(evaluate_ranking({}, 0, rank_for_everyone({}), 0, {}).status().field(), "k");
}

TEST(RankingEvaluation, DotProductsRankAsAFullSortDoes) {
  // More items than one tile, with many ties: factors of few distinct values.
  constexpr std::size_t kItems = 9000;
  constexpr std::size_t kDim = 3;
  Random random(5);
  std::vector<float> items(kItems * kDim);
  for (float& value : items) value = static_cast<float>(random.below(5));
  std::vector<float> users(70 * kDim);
  for (float& value : users) value = static_cast<float>(random.below(3)) - 1;
  const Recommender recommender = rank_by_dot_product(users, items, kDim);
  std::vector<RankingQuery> queries;
  for (std::uint32_t user = 0; user < 70; ++user) queries.push_back({.user = user, .depth = user});
  std::vector<std::vector<std::uint32_t>> lists(queries.size());
  recommender(queries, lists);
  for (std::size_t user = 0; user < queries.size(); ++user) {
    std::vector<ScoredId> all;
    for (std::uint32_t item = 0; item < kItems; ++item) {
      float score = 0;
      for (std::size_t d = 0; d < kDim; ++d) score += users[user * kDim + d] * items[item * kDim + d];
      all.push_back({item, score});
    }
    std::sort(all.begin(), all.end(), ranks_before);
    ASSERT_EQ(lists[user].size(), user);
    for (std::size_t place = 0; place < user; ++place) EXPECT_EQ(lists[user][place], all[place].id);
  }
}

TEST(RankingEvaluation, SameFiguresForAnyNumberOfThreadsAndCutoffs) {
  Random random(6);
  std::vector<float> users(500 * 4);
  std::vector<float> items(300 * 4);
  for (float& value : users) value = static_cast<float>(random.normal());
  for (float& value : items) value = static_cast<float>(random.normal());
  const Ids seen = {1, 50, 100};
  const Ids relevant = {2, 3, 7, 99, 200};
  std::vector<EvaluationCase> cases;
  for (std::uint32_t user = 0; user < 500; ++user) cases.push_back({.user = user, .seen = seen, .relevant = relevant});
  const Recommender recommender = rank_by_dot_product(users, items, 4);
  const auto one = evaluate_ranking(cases, 300, recommender, 20, {.threads = 1});
  const auto four = evaluate_ranking(cases, 300, recommender, 20, {.threads = 4});
  ASSERT_TRUE(one.is_ok() && four.is_ok());
  EXPECT_EQ(one->named(20), four->named(20));
  EXPECT_GT(one->recall, 0);

  // Several cutoffs of one list each give what each gives alone.
  const std::size_t cutoffs[] = {20, 5};
  const auto both = evaluate_ranking(cases, 300, recommender, cutoffs, {.threads = 2});
  ASSERT_TRUE(both.is_ok());
  ASSERT_EQ(both->size(), 2U);
  EXPECT_EQ((*both)[0].named(20), one->named(20));
  EXPECT_EQ((*both)[1].named(5), evaluate_ranking(cases, 300, recommender, 5, {})->named(5));
  EXPECT_EQ((*both)[1].recommendations, evaluate_ranking(cases, 300, recommender, 5, {})->recommendations);
}

TEST(TopK, KeepsTheBestWithTiesByLowerId) {
  TopK top(3);
  for (const ScoredId candidate : {ScoredId{9, 1}, {4, 2}, {1, 1}, {7, 5}, {0, 1}}) top.push(candidate);
  EXPECT_THAT(top.take(), ElementsAre(ScoredId{7, 5}, ScoredId{4, 2}, ScoredId{0, 1}));
  TopK none(0);
  none.push({1, 1});
  EXPECT_TRUE(none.take().empty());
}

}  // namespace
}  // namespace tamis::models
