// The sequence protocols on MovieLens 1M, and SASRec at reduced cost: a broken model falls below its floor.
#include <algorithm>
#include <fstream>
#include <thread>

#include "models/evaluate/protocol_leave_one_out.h"
#include "models/evaluate/protocol_split.h"
#include "models/text_lines.h"
#include "temporary_directory.h"
#include "tests/requirement.h"

namespace tamis::models {
namespace {

std::filesystem::path ml1m() { return data_directory() / "ml-1m"; }

class MovieLens1M : public testing::Test {
 protected:
  void SetUp() override { TAMIS_REQUIRE_DATA("ml-1m/sasrec-ml-1m.txt.xz"); }
  EvaluationReport leave_one_out(std::string_view model, const Settings& settings) const {
    return checked(evaluate_leave_one_out(ml1m() / "sasrec-ml-1m.txt.xz", model, settings, control_));
  }
  EvaluationReport split(std::string_view model, const Settings& settings) const {
    const auto files = find_split_files(ml1m());
    EXPECT_TRUE(files.is_ok()) << files.status().to_string();
    return files.is_ok() ? checked(evaluate_split(*files, model, settings, control_)) : EvaluationReport{};
  }

  // Of the users up to 2,000 alone: a third of the work.
  EvaluationReport of_2000_users(std::string_view model, const Settings& settings) const {
    const TemporaryDirectory directory;
    std::string text;
    const auto add = [&](std::string_view line, std::size_t) {
      if (std::strtoul(std::string(line).c_str(), nullptr, 10) <= 2000) text.append(line).push_back('\n');
      return Status::ok();
    };
    EXPECT_TRUE(for_each_line(ml1m() / "sasrec-ml-1m.txt.xz", add).is_ok());
    return checked(evaluate_leave_one_out(directory.write("part.txt", text), model, settings, control_));
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

// The options that make a run short; `more` is laid over them.
Settings reduced(Settings more) {
  more.merge(Settings{{"max_length", "50"},
                      {"dim", "32"},
                      {"batch", "64"},
                      {"learning_rate", "0.003"},
                      {"warmup_steps", "50"},
                      {"dropout", "0.1"},
                      {"average", "0.98"},
                      {"validate_every", "100"}});
  return more;
}

// Binary losses stand at the level of popularity (.045) for some thousand steps before they learn more: many small
// ones.
TEST_F(MovieLens1M, SasRecWithTheLossOfGSasRec) {
  const auto report = of_2000_users("sasrec", reduced({{"loss", "gbce"},
                                                       {"negatives", "16"},
                                                       {"calibration", "0.5"},
                                                       {"blocks", "1"},
                                                       {"inner", "32"},
                                                       {"batch", "8"},
                                                       {"dropout", "0"},
                                                       {"epochs", "20"}}));
  EXPECT_GT(report.metrics.at("hr@10"), 0.16);
}

TEST_F(MovieLens1M, Bert4Rec) {
  const auto report = of_2000_users("bert4rec", reduced({{"epochs", "24"}, {"inner", "64"}}));
  EXPECT_GT(report.metrics.at("hr@10"), 0.11);
}

}  // namespace
}  // namespace tamis::models
