// The sequence protocols on MovieLens 1M, and SASRec at reduced cost: a broken model falls below its floor.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "models/protocol_leave_one_out.h"
#include "models/protocol_split.h"

namespace tamis::models {
namespace {

std::filesystem::path ml1m() {
  const char* data = std::getenv("TAMIS_DATA");
  const std::filesystem::path root =
      data != nullptr ? data : std::filesystem::path(TAMIS_SOURCE_DIR) / ".." / "shared" / "data";
  return root / "ml-1m";
}

class MovieLens1M : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(ml1m() / "sasrec-ml-1m.txt.xz")) {
      GTEST_SKIP() << "no data in " << ml1m() << "; set TAMIS_DATA";
    }
  }
  EvaluationReport leave_one_out(std::string_view model, const Settings& settings) const {
    return checked(evaluate_leave_one_out(ml1m() / "sasrec-ml-1m.txt.xz", model, settings, control_));
  }
  EvaluationReport split(std::string_view model, const Settings& settings) const {
    const auto files = find_split_files(ml1m());
    EXPECT_TRUE(files.is_ok()) << files.status().to_string();
    return files.is_ok() ? checked(evaluate_split(*files, model, settings, control_)) : EvaluationReport{};
  }

 private:
  static EvaluationReport checked(const Result<EvaluationReport>& report) {
    EXPECT_TRUE(report.is_ok()) << report.status().to_string();
    return report.is_ok() ? *report : EvaluationReport{};
  }
  TrainControl control_{.threads = std::thread::hardware_concurrency()};
};

// The published most-popular figures: they check the harness, not a model.
TEST_F(MovieLens1M, PopularGivesThePublishedFigures) {
  const auto report = split("popular", {});
  EXPECT_NEAR(report.metrics.at("recall@10"), 0.0369, 0.0001);
  EXPECT_NEAR(report.metrics.at("ndcg@10"), 0.0180, 0.0001);
  EXPECT_EQ(report.data.at("items"), 3416);
  EXPECT_EQ(report.data.at("users_evaluated"), 6040);
  EXPECT_EQ(report.data.at("validation_users"), 512);
  const auto last_out = leave_one_out("popular", {});  // the same data, cut by another rule to the same test
  EXPECT_NEAR(last_out.metrics.at("ndcg@10"), 0.0180, 0.0001);
}

// Short histories, few epochs, a high rate: most of the way for a minute of one core. Item-kNN has .069 and .035.
TEST_F(MovieLens1M, SasRec) {
  const auto report = leave_one_out("sasrec", {{"max_length", "50"},
                                               {"epochs", "6"},
                                               {"batch", "64"},
                                               {"learning_rate", "0.002"},
                                               {"warmup_steps", "50"},
                                               {"dropout", "0.1"},
                                               {"average", "0.98"},
                                               {"validate_every", "100"},
                                               {"validation_users", "500"}});
  EXPECT_GT(report.metrics.at("hr@10"), 0.14);
  EXPECT_GT(report.metrics.at("ndcg@10"), 0.07);
}

}  // namespace
}  // namespace tamis::models
