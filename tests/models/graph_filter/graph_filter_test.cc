#include "models/graph_filter/graph_filter.h"

#include <gmock/gmock.h>

#include <limits>

#include "../small_interactions.h"
#include "models/graph_filter/graph_filter_options.h"

namespace tamis::models {
namespace {

// The scores below come from dense matrices in NumPy, by the formulas of graph_filter.h.
void expect_scores(const std::vector<ScoredId>& scored, const std::vector<std::pair<std::uint32_t, float>>& expected) {
  ASSERT_EQ(scored.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(scored[i].id, expected[i].first) << i;
    EXPECT_NEAR(scored[i].score, expected[i].second, 1e-5) << i;
  }
}

TEST(GraphFilter, ScoresByHand) {
  const GraphFilterOptions options{
      .history_exponent = 0.6, .user_exponent = 0.8, .item_exponent = 0.2, .locality = 1.6};
  const std::vector<std::uint32_t> history = {0, 1};
  expect_scores(GraphFilter(small_interactions(), options).recommend(history, {}, 10),
                {{1, 1.1916769F}, {0, 1.1181859F}, {2, 0.4692027F}, {3, 0.1741541F}});
  const std::vector<float> weights = {2, 0.5F};
  expect_scores(GraphFilter(small_interactions(), options).recommend(history, weights, 10),
                {{0, 1.7876697F}, {1, 1.7013989F}, {2, 0.7501252F}, {3, 0.0574494F}});
}

TEST(GraphFilter, KeepsTheStrongestUsersAlone) {
  GraphFilterOptions options;
  options.max_users = 1;
  const std::vector<std::uint32_t> history = {1, 3};  // user 2 has both
  const auto scored = GraphFilter(small_interactions(), options).recommend(history, {}, 10);
  ASSERT_EQ(scored.size(), 2);
  EXPECT_THAT((std::vector{scored[0].id, scored[1].id}), testing::UnorderedElementsAre(1, 3));
}

TEST(GraphFilter, LocalityFavoursWhoSharesMost) {
  // Of the history {0, 1, 2} user 1 has all, user 3 one item: with more locality item 4, which only user 3 leads to,
  // loses against item 0.
  const std::vector<std::uint32_t> history = {0, 1, 2};
  const auto share = [&](double locality) {
    GraphFilterOptions options;
    options.locality = locality;
    float first = 0;
    float last = 0;
    for (const ScoredId& item : GraphFilter(small_interactions(), options).recommend(history, {}, 10)) {
      if (item.id == 0) first = item.score;
      if (item.id == 4) last = item.score;
    }
    return last / first;
  };
  EXPECT_LT(share(2), 0.7F * share(1));
}

TEST(GraphFilter, AnswersNothingToNoHistory) {
  EXPECT_THAT(GraphFilter(small_interactions(), {}).recommend({}, {}, 10), testing::IsEmpty());
  const std::vector<std::uint32_t> history = {0};
  EXPECT_EQ(GraphFilter(small_interactions(), {}).recommend(history, {}, 1).size(), 1);
}

TEST(GraphFilter, RefusesOptionsOutOfRange) {
  EXPECT_EQ(validate(GraphFilterOptions{.history_exponent = -0.1}).field(), "history_exponent");
  EXPECT_EQ(validate(GraphFilterOptions{.user_exponent = 2.1}).field(), "user_exponent");
  EXPECT_EQ(validate(GraphFilterOptions{.item_exponent = -1.1}).field(), "item_exponent");
  EXPECT_EQ(validate(GraphFilterOptions{.locality = std::numeric_limits<double>::quiet_NaN()}).field(), "locality");
  const auto settings = resolve_settings(graph_filter_table(), {{"max_users", "7"}});
  ASSERT_TRUE(settings.is_ok());
  EXPECT_EQ(graph_filter_options(*settings).max_users, 7);
  EXPECT_EQ(graph_filter_options(*settings).locality, GraphFilterOptions{}.locality);
}

}  // namespace
}  // namespace tamis::models
