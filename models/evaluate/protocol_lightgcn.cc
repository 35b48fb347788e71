#include "models/evaluate/protocol_lightgcn.h"

#include <chrono>
#include <string>

#include "models/evaluate/collaborative_models.h"
#include "models/ranking_evaluation.h"

namespace tamis::models {
namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::vector<EvaluationCase> test_cases(const LightGcnData& data) {
  std::vector<EvaluationCase> cases;
  for (std::uint32_t user = 0; user < data.test.rows; ++user) {
    const auto relevant = data.test.row_columns(user);
    if (!relevant.empty()) cases.push_back({.user = user, .seen = data.train.row_columns(user), .relevant = relevant});
  }
  return cases;
}

}  // namespace

Result<std::vector<ModelOption>> lightgcn_options(std::string_view model) {
  TAMIS_RETURN_IF_ERROR(find_collaborative_model(model).status());
  TAMIS_ASSIGN_OR_RETURN(std::vector<ModelOption> options, model_options(model));
  options.push_back({"k", OptionType::kInteger, "20", 1, 1000, {}, "length of the ranked lists"});
  options.push_back({"validation",
                     OptionType::kNumber,
                     "0",
                     0,
                     0.9,
                     {},
                     "share of each user's train items to report on instead of the test file, for tuning"});
  options.push_back({"validation_seed", OptionType::kInteger, "1", 0, 4294967295, {}, "of the validation part"});
  options.push_back(integer_option("resamples", 1000, 1, 100'000, "of the bootstrap intervals"));
  return options;
}

Result<EvaluationReport> evaluate_lightgcn(const std::filesystem::path& train_path,
                                           const std::filesystem::path& test_path, std::string_view model,
                                           const Settings& settings, const TrainControl& control) {
  EvaluationReport report;
  report.protocol = "lightgcn";
  report.model = model;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<ModelOption> options, lightgcn_options(model));
  TAMIS_ASSIGN_OR_RETURN(report.settings, resolve_settings(options, settings));
  TAMIS_ASSIGN_OR_RETURN(LightGcnData data, read_lightgcn(train_path, test_path));
  const double validation = number_setting(report.settings, "validation");
  if (validation > 0) {
    data = cut_validation(std::move(data), validation, integer_setting(report.settings, "validation_seed"));
  }
  const std::vector<EvaluationCase> cases = test_cases(data);
  if (cases.empty()) return Status::invalid_argument("no user has an item to predict");

  const Stopwatch training;
  TAMIS_ASSIGN_OR_RETURN(const CollaborativeModel trainable, find_collaborative_model(model));
  TAMIS_ASSIGN_OR_RETURN(const Recommender recommender, trainable.train(data.train, report.settings, control));
  report.train_s = training.seconds();
  const Stopwatch evaluating;
  const std::size_t k = integer_setting(report.settings, "k");
  TAMIS_ASSIGN_OR_RETURN(const RankingMetrics metrics,
                         evaluate_ranking(cases, data.train.columns, recommender, k, control));
  report.evaluate_s = evaluating.seconds();
  report.metrics = metrics.named(k);
  const BootstrapOptions bootstrap{.resamples =
                                       static_cast<std::uint32_t>(integer_setting(report.settings, "resamples"))};
  report.intervals = metrics.intervals(k, bootstrap);
  std::vector<std::uint64_t> train_counts(data.train.columns);
  for (const std::uint32_t item : data.train.column) ++train_counts[item];
  report.metrics["novelty@" + std::to_string(k)] = novelty(metrics.recommendations, train_counts);
  report.data = {{"users", data.train.rows},
                 {"items", data.train.columns},
                 {"train_interactions", static_cast<double>(data.train.nonzeros())},
                 {"test_interactions", static_cast<double>(data.test.nonzeros())},
                 {"users_evaluated", static_cast<double>(metrics.users)}};
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace tamis::models
