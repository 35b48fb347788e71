#include "ranker/evaluate/protocol_ctr.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <string>

#include "ranker/binary_metrics.h"
#include "ranker/calibration.h"
#include "ranker/evaluate/csv_examples.h"
#include "ranker/train_dlrm.h"

namespace tamis::ranker {
namespace {

using models::ModelOption;
using models::OptionType;
using models::Settings;

// Settings that are lists or names; the others are checked by their tables.
const Settings& text_defaults() {
  static const Settings kDefaults = {{"label", "label"}, {"numeric", ""}, {"top", "256-128"}, {"bottom", "64"}};
  return kDefaults;
}

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<std::vector<std::uint32_t>> parse_widths(const std::string& key, const std::string& text) {
  std::vector<std::uint32_t> widths;
  for (const std::string& part : split(text, '-')) {
    std::uint32_t width = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), width);
    if (error != std::errc() || end != part.data() + part.size())
      return Status::invalid_argument(key + " is \"" + text + "\", expected widths of layers as 400-400-400")
          .at_field(key);
    widths.push_back(width);
  }
  return widths;
}

Result<Settings> resolve(const Settings& settings) {
  Settings text = text_defaults();
  Settings rest;
  for (const auto& [key, value] : settings) (text.contains(key) ? text : rest)[key] = value;
  TAMIS_ASSIGN_OR_RETURN(Settings resolved, models::resolve_settings(ctr_options(), rest));
  resolved.merge(text);
  return resolved;
}

Result<DlrmOptions> dlrm_options(const Settings& settings) {
  DlrmOptions options;
  options.dim = static_cast<std::uint32_t>(models::integer_setting(settings, "dim"));
  TAMIS_ASSIGN_OR_RETURN(options.bottom, parse_widths("bottom", settings.at("bottom")));
  TAMIS_ASSIGN_OR_RETURN(options.top, parse_widths("top", settings.at("top")));
  TAMIS_ASSIGN_OR_RETURN(options.interaction, parse_interaction(settings.at("interaction")));
  options.batch_norm = settings.at("batch_norm") == "true";
  options.dropout = static_cast<float>(models::number_setting(settings, "dropout"));
  options.embedding_stddev = static_cast<float>(models::number_setting(settings, "embedding_stddev"));
  return options;
}

DlrmTrainOptions train_options(const Settings& settings) {
  DlrmTrainOptions options;
  options.learning_rate = models::number_setting(settings, "learning_rate");
  options.batch = static_cast<std::uint32_t>(models::integer_setting(settings, "batch"));
  options.epochs = static_cast<std::uint32_t>(models::integer_setting(settings, "epochs"));
  options.patience = static_cast<std::uint32_t>(models::integer_setting(settings, "patience"));
  options.plateau_decay = models::number_setting(settings, "plateau_decay");
  options.linear_decay = settings.at("linear_decay") == "true";
  options.embedding_l2 = models::number_setting(settings, "embedding_l2");
  options.lazy = settings.at("lazy") == "true";
  options.seed = models::integer_setting(settings, "seed");
  return options;
}

std::vector<float> probabilities(const Calibrator& calibrator, const std::vector<float>& logits) {
  std::vector<float> result;
  result.reserve(logits.size());
  for (const float logit : logits) result.push_back(calibrator.probability(logit));
  return result;
}

}  // namespace

std::vector<ModelOption> ctr_options() {
  return {
      {"dim", OptionType::kInteger, "16", 1, 1024, {}, "length of the embeddings"},
      {"interaction", OptionType::kChoice, "dot", 0, 0, {"dot", "cat", "both"}, "what the top MLP sees of the vectors"},
      {"batch_norm", OptionType::kBoolean, "false", 0, 0, {}, "batch norm in the top MLP"},
      {"dropout", OptionType::kNumber, "0", 0, 0.95, {}, "dropout in the top MLP"},
      {"embedding_stddev", OptionType::kNumber, "0.01", 0, 10, {}, "scale of the embeddings' random start"},
      {"embedding_l2", OptionType::kNumber, "0", 0, 1e3, {}, "L2 penalty of embeddings"},
      {"lazy", OptionType::kBoolean, "true", 0, 0, {}, "whether a step moves only the rows that its batch touches"},
      {"learning_rate", OptionType::kNumber, "0.001", 1e-9, 10, {}, "of Adam"},
      {"batch", OptionType::kInteger, "4096", 1, 1e7, {}, "examples per step"},
      {"epochs", OptionType::kInteger, "20", 1, 1e4, {}, "at most"},
      {"patience", OptionType::kInteger, "2", 0, 1e4, {}, "epochs without a better validation AUC; 0: never stop"},
      {"plateau_decay",
       OptionType::kNumber,
       "0.1",
       0,
       1,
       {},
       "times the learning rate after an epoch that is no better"},
      {"linear_decay",
       OptionType::kBoolean,
       "false",
       0,
       0,
       {},
       "the learning rate falls in a line to 0 over all epochs"},
      {"min_count", OptionType::kInteger, "1", 1, 1e9, {}, "rarer values share the unknown row"},
      {"calibration", OptionType::kChoice, "none", 0, 0, {"none", "platt", "isotonic"}, "fitted on the valid file"},
      {"seed", OptionType::kInteger, "42", 0, 9007199254740992, {}, "of the random start, the order and dropout"},
  };
}

Result<models::EvaluationReport> evaluate_ctr(const CtrFiles& files, std::string_view model, const Settings& settings,
                                              const models::TrainControl& control) {
  if (model != "dlrm")
    return Status::invalid_argument("unknown model \"" + std::string(model) + "\" of protocol ctr (known: dlrm)")
        .at_field("model");
  models::EvaluationReport report;
  report.protocol = "ctr";
  report.model = model;
  TAMIS_ASSIGN_OR_RETURN(report.settings, resolve(settings));
  TAMIS_ASSIGN_OR_RETURN(const DlrmOptions options, dlrm_options(report.settings));
  CsvColumns columns;
  columns.label = report.settings.at("label");
  columns.min_count = models::integer_setting(report.settings, "min_count");
  for (std::string& name : split(report.settings.at("numeric"), ',')) columns.numeric.insert(std::move(name));

  TAMIS_ASSIGN_OR_RETURN(const FeatureEncoder encoder, fit_csv(files.train, columns));
  TAMIS_ASSIGN_OR_RETURN(const ExampleTable train, read_csv(files.train, columns, encoder));
  TAMIS_ASSIGN_OR_RETURN(const ExampleTable valid, read_csv(files.valid, columns, encoder));
  const auto& test_path = files.test.empty() ? files.valid : files.test;
  TAMIS_ASSIGN_OR_RETURN(const ExampleTable test, read_csv(test_path, columns, encoder));

  const Stopwatch training;
  const DlrmTrainOptions how = train_options(report.settings);
  TAMIS_ASSIGN_OR_RETURN(Dlrm dlrm, Dlrm::create(encoder.schema(), options, how.seed));
  TAMIS_ASSIGN_OR_RETURN(const std::vector<DlrmEpoch> epochs, train_dlrm(dlrm, train, valid, how, control));
  std::vector<float> valid_logits(valid.rows);
  TAMIS_RETURN_IF_ERROR(score_examples(dlrm, valid, valid_logits, control));
  TAMIS_ASSIGN_OR_RETURN(const Calibration kind, parse_calibration(report.settings.at("calibration")));
  TAMIS_ASSIGN_OR_RETURN(const Calibrator calibrator, fit_calibrator(kind, valid.labels, valid_logits));
  report.train_s = training.seconds();

  const Stopwatch evaluating;
  std::vector<float> logits(test.rows);
  TAMIS_RETURN_IF_ERROR(score_examples(dlrm, test, logits, control));
  const std::vector<float> raw = probabilities(Calibrator{}, logits);
  const std::vector<float> calibrated = probabilities(calibrator, logits);
  report.metrics = {{"auc", area_under_curve(test.labels, logits)},
                    {"log_loss", log_loss(test.labels, calibrated)},
                    {"log_loss_uncalibrated", log_loss(test.labels, raw)},
                    {"ece", expected_calibration_error(test.labels, calibrated)},
                    {"ece_uncalibrated", expected_calibration_error(test.labels, raw)},
                    {"predicted_to_observed", predicted_to_observed(test.labels, calibrated)},
                    {"valid_auc", area_under_curve(valid.labels, valid_logits)},
                    {"valid_log_loss", log_loss(valid.labels, probabilities(Calibrator{}, valid_logits))},
                    {"epochs", static_cast<double>(epochs.size())}};
  report.evaluate_s = evaluating.seconds();
  report.data = {{"train_examples", static_cast<double>(train.rows)},
                 {"valid_examples", static_cast<double>(valid.rows)},
                 {"test_examples", static_cast<double>(test.rows)},
                 {"fields", static_cast<double>(encoder.schema().fields().size())}};
  report.peak_rss_bytes = models::peak_rss_bytes();
  return report;
}

}  // namespace tamis::ranker
