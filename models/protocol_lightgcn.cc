#include "models/protocol_lightgcn.h"

#include <chrono>
#include <memory>
#include <string>

#include "models/popularity.h"
#include "models/ranking_evaluation.h"

namespace tamis::models {
namespace {

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::vector<std::uint32_t> ids_of(const std::vector<ScoredId>& scored) {
  std::vector<std::uint32_t> ids;
  ids.reserve(scored.size());
  for (const ScoredId& item : scored) ids.push_back(item.id);
  return ids;
}

// The trained recommender; what it refers to lives in its closure.
Result<Recommender> train_popular(const InteractionMatrix& train) {
  return rank_for_everyone(ids_of(top_scores(popularity_scores(train), train.columns)));
}

Result<Recommender> train_item_knn(const InteractionMatrix& train, const NeighborOptions& options,
                                   const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(NeighborTable trained, train_neighbors(train.transpose(), options, control));
  // Shared: a std::function is copied about.
  auto table = std::make_shared<const NeighborTable>(std::move(trained));
  return Recommender{
      [&train, table](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        for (std::size_t i = 0; i < queries.size(); ++i) {
          lists[i] = ids_of(score_item_knn(*table, train.row_columns(queries[i].user), {}, queries[i].depth));
        }
      }};
}

Result<Recommender> train_user_knn(const InteractionMatrix& train, const NeighborOptions& options,
                                   const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(NeighborTable trained, train_neighbors(train, options, control));
  auto table = std::make_shared<const NeighborTable>(std::move(trained));
  return Recommender{
      [&train, table](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
        std::vector<ScoredId> similar;
        for (std::size_t i = 0; i < queries.size(); ++i) {
          const auto users = table->row_neighbors(queries[i].user);
          const auto similarities = table->row_similarities(queries[i].user);
          similar.clear();
          for (std::size_t n = 0; n < users.size(); ++n) similar.push_back({users[n], similarities[n]});
          lists[i] = ids_of(score_user_knn(similar, train, queries[i].depth));
        }
      }};
}

Result<Recommender> train_factors(const InteractionMatrix& train, const IalsOptions& options,
                                  const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(IalsModel trained, train_ials(train, options, control));
  auto model = std::make_shared<const IalsModel>(std::move(trained));
  const Recommender ranked = rank_by_dot_product(model->user_factors, model->item_factors, options.dim);
  return Recommender{[model, ranked](std::span<const RankingQuery> queries,
                                     std::span<std::vector<std::uint32_t>> lists) { ranked(queries, lists); }};
}

Result<Recommender> train_model(std::string_view model, const Settings& settings, const InteractionMatrix& train,
                                const TrainControl& control) {
  if (model == "popular") return train_popular(train);
  if (model == "item_knn") return train_item_knn(train, neighbor_options(settings), control);
  if (model == "user_knn") return train_user_knn(train, neighbor_options(settings), control);
  return train_factors(train, ials_options(settings), control);
}

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
  TAMIS_ASSIGN_OR_RETURN(const Recommender recommender, train_model(model, report.settings, data.train, control));
  report.train_s = training.seconds();
  const Stopwatch evaluating;
  const std::size_t k = integer_setting(report.settings, "k");
  TAMIS_ASSIGN_OR_RETURN(const RankingMetrics metrics,
                         evaluate_ranking(cases, data.train.columns, recommender, k, control));
  report.evaluate_s = evaluating.seconds();
  report.metrics = metrics.named(k);
  report.data = {{"users", data.train.rows},
                 {"items", data.train.columns},
                 {"train_interactions", static_cast<double>(data.train.nonzeros())},
                 {"test_interactions", static_cast<double>(data.test.nonzeros())},
                 {"users_evaluated", static_cast<double>(metrics.users)}};
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace tamis::models
