// The collaborative models on Gowalla at reduced cost: a broken model falls below these floors.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "models/protocol_lightgcn.h"

namespace tamis::models {
namespace {

std::filesystem::path gowalla() {
  const char* data = std::getenv("TAMIS_DATA");
  const std::filesystem::path root =
      data != nullptr ? data : std::filesystem::path(TAMIS_SOURCE_DIR) / ".." / "shared" / "data";
  return root / "gowalla";
}

class Gowalla : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(gowalla() / "train.txt.xz")) {
      GTEST_SKIP() << "no data in " << gowalla() << "; set TAMIS_DATA";
    }
  }
  EvaluationReport evaluate(std::string_view model, const Settings& settings) const {
    auto report = evaluate_lightgcn(gowalla() / "train.txt.xz", gowalla() / "test.txt.xz", model, settings,
                                    {.threads = std::thread::hardware_concurrency()});
    EXPECT_TRUE(report.is_ok()) << report.status().to_string();
    return report.is_ok() ? *report : EvaluationReport{};
  }
};

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
  const auto users =
      evaluate("user_knn", {{"neighbors", "100"}, {"asymmetry", "0.4"}, {"column_weight_exponent", "0.25"}});
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
}  // namespace
}  // namespace tamis::models
