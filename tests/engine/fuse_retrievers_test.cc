#include "engine/learn/fuse_retrievers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tamis::engine {
namespace {

using models::ScoredId;
using testing::DoubleNear;
using testing::ElementsAre;

RetrieverLists lists_of(const std::string& kind, std::vector<std::vector<ScoredId>> by_user) {
  return {.config = {.kind = kind, .quota = 200, .space = {}}, .by_user = std::move(by_user)};
}

// `count` users: right is item 1 for the even ones, item 2 for the odd ones.
std::vector<std::vector<std::uint32_t>> taken_by(std::size_t count) {
  std::vector<std::vector<std::uint32_t>> relevant;
  for (std::size_t user = 0; user < count; ++user) relevant.push_back({user % 2 == 0 ? 1U : 2U});
  return relevant;
}

TEST(FuseRetrieversTest, TheBestAloneLeads) {
  const std::vector<RetrieverLists> lists = {
      lists_of("popular", std::vector<std::vector<ScoredId>>(20, {{9, 3}, {1, 2}})),
      lists_of("item_knn", std::vector<std::vector<ScoredId>>(20, {{1, 3}, {9, 2}})),
  };
  const FusedRetrievers fused = fuse_retrievers(lists, taken_by(20), 1);
  ASSERT_EQ(fused.retrievers.size(), 1U);
  EXPECT_EQ(fused.retrievers[0].kind, "item_knn");
  EXPECT_EQ(fused.retrievers[0].weight, 1);
  for (std::size_t user = 0; user < 20; ++user) EXPECT_EQ(fused.ndcg10[user], user % 2 == 0 ? 1 : 0);
}

TEST(FuseRetrieversTest, ARetrieverThatKnowsOtherUsersIsAdded) {
  std::vector<std::vector<ScoredId>> even(40);
  std::vector<std::vector<ScoredId>> odd(40);
  for (std::size_t user = 0; user < 40; ++user) (user % 2 == 0 ? even : odd)[user] = {{user % 2 == 0 ? 1U : 2U, 1.0F}};
  const std::vector<RetrieverLists> lists = {lists_of("item_knn", even), lists_of("user_knn", odd)};
  const FusedRetrievers fused = fuse_retrievers(lists, taken_by(40), 4);
  EXPECT_EQ(fused.retrievers.size(), 2U);
  EXPECT_EQ(mean_of(fused.ndcg10).mean, 1);
}

TEST(FuseRetrieversTest, OneThatAddsNothingIsLeftOut) {
  const std::vector<std::vector<ScoredId>> right(20, {{1, 2}, {2, 1}});
  const std::vector<std::vector<ScoredId>> wrong(20, {{7, 2}, {8, 1}});
  const std::vector<RetrieverLists> lists = {lists_of("item_knn", right), lists_of("popular", wrong),
                                             lists_of("user_knn", right)};
  const FusedRetrievers fused = fuse_retrievers(lists, taken_by(20), 4);
  ASSERT_EQ(fused.retrievers.size(), 1U);
}

// Scores tell what ranks do not: how sure each retriever is of its first item.
TEST(FuseRetrieversTest, MergesByScoresWhereTheySayMore) {
  std::vector<std::vector<ScoredId>> first(40);
  std::vector<std::vector<ScoredId>> second(40);
  for (std::size_t user = 0; user < 40; ++user) {
    const bool is_even = user % 2 == 0;
    first[user] =
        is_even ? std::vector<ScoredId>{{1, 9}, {5, 1}, {6, 0}} : std::vector<ScoredId>{{3, 3}, {5, 3}, {6, 3}};
    second[user] =
        is_even ? std::vector<ScoredId>{{3, 3}, {7, 3}, {8, 3}} : std::vector<ScoredId>{{2, 9}, {7, 1}, {8, 0}};
  }
  const std::vector<RetrieverLists> lists = {lists_of("item_knn", first), lists_of("user_knn", second)};
  const FusedRetrievers fused = fuse_retrievers(lists, taken_by(40), 4);
  EXPECT_EQ(fused.retrievers.size(), 2U);
  EXPECT_GT(mean_of(fused.ndcg10).mean, 0.6);
}

// By hand: values 1, 2, 3 have the mean 2 and the sum of squared deviations 2.
TEST(FuseRetrieversTest, MeansHaveTheirStandardError) {
  const std::vector<double> values = {1, 2, 3};
  EXPECT_DOUBLE_EQ(mean_of(values).mean, 2);
  EXPECT_DOUBLE_EQ(mean_of(values).error, std::sqrt(2.0) / 3);
  EXPECT_DOUBLE_EQ(mean_gain(values, std::vector<double>{0, 1, 2}).mean, 1);
  EXPECT_NEAR(mean_gain(values, std::vector<double>{0, 1, 2}).error, 0, 1e-12);
  EXPECT_EQ(mean_of({}).error, 0);
}

}  // namespace
}  // namespace tamis::engine
