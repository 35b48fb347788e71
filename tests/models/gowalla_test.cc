// The collaborative models on Gowalla at reduced cost: a broken model falls below these floors.
#include "gowalla_fixture.h"
#include "models/graph_filter/blurring_sharpening.h"
#include "models/ranking_evaluation.h"

namespace tamis::models {
namespace {

using Gowalla = GowallaTest;

// The published most-popular figures: they check the harness, not a model.
TEST_F(Gowalla, PopularGivesThePublishedFigures) {
  const auto report = evaluate("popular", {});
  EXPECT_NEAR(report.metrics.at("recall@20"), 0.0416, 0.0001);
  EXPECT_NEAR(report.metrics.at("ndcg@20"), 0.0317, 0.0001);
  EXPECT_EQ(report.data.at("users"), 29858);
  EXPECT_EQ(report.data.at("items"), 40981);
  EXPECT_EQ(report.data.at("train_interactions"), 810128);
  EXPECT_EQ(report.data.at("test_interactions"), 217242);
}

// Floors a little below the figures of docs/evaluation.md.
TEST_F(Gowalla, NeighbourhoodsKeepTheirQuality) {
  const auto items = evaluate(
      "item_knn", {{"neighbors", "800"}, {"asymmetry", "0.7"}, {"column_weight_exponent", "0.6"}, {"shrinkage", "2"}});
  EXPECT_GT(items.metrics.at("recall@20"), 0.180);
  EXPECT_GT(items.metrics.at("ndcg@20"), 0.147);
  const auto users = evaluate(
      "user_knn", {{"neighbors", "100"}, {"shrinkage", "0"}, {"asymmetry", "0.4"}, {"column_weight_exponent", "0.25"}});
  EXPECT_GT(users.metrics.at("recall@20"), 0.182);
  EXPECT_GT(users.metrics.at("ndcg@20"), 0.152);
}

TEST_F(Gowalla, GraphFilterKeepsItsQuality) {
  const auto report = evaluate("graph_filter", {});
  EXPECT_GT(report.metrics.at("recall@20"), 0.181);
  EXPECT_GT(report.metrics.at("ndcg@20"), 0.148);
}

TEST_F(Gowalla, IalsKeepsItsQualityAtReducedCost) {
  const auto report = evaluate(
      "ials", {{"dim", "64"}, {"iterations", "4"}, {"unobserved_weight", "0.02"}, {"regularization", "0.0015"}});
  EXPECT_GT(report.metrics.at("recall@20"), 0.151);
  EXPECT_GT(report.metrics.at("ndcg@20"), 0.129);
}

// A few epochs of few dimensions. Most popular gives .0416.
TEST_F(Gowalla, BprLearnsAtReducedCost) {
  const Settings settings = {
      {"dim", "64"},    {"epochs", "6"}, {"negatives", "8"}, {"learning_rate", "0.05"}, {"regularization", "0.02"},
      {"batch", "8192"}};
  EXPECT_GT(recall("bpr", settings), 0.13);
}

// Every thirtieth user of the test, each as one request asks, with a narrower low-pass filter: .195; unsharpened .187.
TEST_F(Gowalla, BlurringSharpeningServesSingleRequests) {
  const auto data = read_lightgcn(train(), test());
  ASSERT_TRUE(data.is_ok()) << data.status().to_string();
  const auto filter = BlurringSharpening::build(data->train, {.rank = 96, .svd_iterations = 3}, control());
  ASSERT_TRUE(filter.is_ok()) << filter.status().to_string();
  const Recommender recommender = [&](std::span<const RankingQuery> queries,
                                      std::span<std::vector<std::uint32_t>> lists) {
    std::vector<float> scores(filter->items());
    for (std::size_t i = 0; i < queries.size(); ++i) {
      filter->score_one(data->train.row_columns(queries[i].user), scores);
      TopK best(queries[i].depth);
      for (std::uint32_t item = 0; item < scores.size(); ++item) best.push({item, scores[item]});
      for (const ScoredId& item : best.take()) lists[i].push_back(item.id);
    }
  };
  std::vector<EvaluationCase> cases;
  for (std::uint32_t user = 0; user < data->test.rows; user += 30) {
    const auto relevant = data->test.row_columns(user);
    if (!relevant.empty()) cases.push_back({.user = user, .seen = data->train.row_columns(user), .relevant = relevant});
  }
  const auto metrics = evaluate_ranking(cases, data->train.columns, recommender, 20, control());
  ASSERT_TRUE(metrics.is_ok());
  EXPECT_GT(metrics->recall, 0.192);
}

}  // namespace
}  // namespace tamis::models
