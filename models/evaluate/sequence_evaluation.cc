#include "models/evaluate/sequence_evaluation.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "common/clock.h"
#include "models/evaluate/unordered_models.h"
#include "models/kinds/model_options.h"
#include "models/ranking_evaluation.h"
#include "models/sequence/encoder_training.h"
#include "models/sequence/history_recommenders.h"
#include "models/sequence/sequence_options.h"

namespace tamis::models {
namespace {

using Clock = std::chrono::steady_clock;

Result<HistoryRecommender> train_encoder(std::string_view model, const Settings& settings, const SequenceDataset& data,
                                         const TrainControl& control) {
  const std::size_t k = integer_setting(settings, "k");
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<const SequenceEncoder> encoder,
                         train_sequence_encoder(model, settings, data, k, control));
  return HistoryRecommender{
      [encoder](const std::vector<HeldOutAction>& histories) {  // shared: a std::function is copied
        const Recommender ranked = rank_by_encoder(*encoder)(histories);
        return [encoder, ranked](std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists) {
          ranked(queries, lists);
        };
      }};
}

std::vector<std::uint64_t> item_counts(const SequenceDataset& data) {
  std::vector<std::uint64_t> counts(data.items());
  for (const auto& sequence : data.train) {
    for (const std::uint32_t item : sequence) ++counts[item];
  }
  return counts;
}

}  // namespace

const std::vector<std::string>& sequence_protocol_models() {
  static const std::vector<std::string> kModels = {"popular", "item_knn", "ials", "sasrec", "bert4rec"};
  return kModels;
}

Result<std::vector<ModelOption>> sequence_protocol_options(std::string_view model) {
  std::vector<ModelOption> options;
  const auto& models = sequence_protocol_models();
  if (std::find(models.begin(), models.end(), model) == models.end()) {
    std::string known;
    for (const std::string& name : models) known += (known.empty() ? "" : ", ") + name;
    return Status::invalid_argument("model \"" + std::string(model) +
                                    "\" does not rank sequences (those that do: " + known + ")")
        .at_field("model");
  }
  if (is_sequence_model(model)) {
    options = sequence_model_options(model);
  } else {
    TAMIS_ASSIGN_OR_RETURN(options, model_options(model));
  }
  options.push_back(integer_option("k", 10, 1, 1000, "length of the ranked lists"));
  options.push_back(choice_option("report", {"test", "validation"}, "the part to report on; the validation, to tune"));
  options.push_back(boolean_option("remove_seen", true, "whether items of the history are taken out of the lists"));
  options.push_back(integer_option("resamples", 1000, 1, 100'000, "bootstrap samples behind the intervals"));
  return options;
}

Result<Settings> resolve_sequence_settings(std::string_view model, const Settings& settings) {
  TAMIS_ASSIGN_OR_RETURN(const std::vector<ModelOption> options, sequence_protocol_options(model));
  return resolve_settings(options, settings);
}

Result<EvaluationReport> evaluate_sequences(std::string_view protocol, const SequenceDataset& data,
                                            std::string_view model, const Settings& settings,
                                            const TrainControl& control) {
  EvaluationReport report;
  report.protocol = protocol;
  report.model = model;
  report.settings = settings;
  const bool on_test = choice_setting(settings, "report") == "test";
  const std::vector<HeldOutAction>& actions = on_test ? data.test : data.validation;
  if (actions.empty()) return Status::invalid_argument("there is no validation part to report on").at_field("report");

  const auto training = Clock::now();
  TAMIS_ASSIGN_OR_RETURN(const HistoryRecommender trained, is_sequence_model(model)
                                                               ? train_encoder(model, settings, data, control)
                                                               : train_unordered_model(model, settings, data, control));
  report.train_s = seconds_since(training);

  const auto evaluating = Clock::now();
  const std::size_t k = integer_setting(settings, "k");
  const HeldOutCases cases(actions, boolean_setting(settings, "remove_seen"));
  TAMIS_ASSIGN_OR_RETURN(const RankingMetrics metrics,
                         evaluate_ranking(cases.all(), data.items(), trained(actions), k, control));
  report.evaluate_s = seconds_since(evaluating);
  report.metrics = metrics.named(k);
  const std::vector<std::uint64_t> counts = item_counts(data);
  report.metrics["novelty@" + std::to_string(k)] = novelty(metrics.recommendations, counts);
  BootstrapOptions bootstrap;
  bootstrap.resamples = static_cast<std::uint32_t>(integer_setting(settings, "resamples"));
  report.intervals = metrics.intervals(k, bootstrap);
  std::uint64_t train_actions = 0;
  for (const std::uint64_t count : counts) train_actions += count;
  report.data = {{"sequences", static_cast<double>(data.train.size())},
                 {"items", data.items()},
                 {"train_interactions", static_cast<double>(train_actions)},
                 {"validation_users", static_cast<double>(data.validation.size())},
                 {"users_evaluated", static_cast<double>(metrics.users)}};
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace tamis::models
