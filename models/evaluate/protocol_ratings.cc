#include "models/evaluate/protocol_ratings.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <string>

#include "common/clock.h"
#include "models/bootstrap.h"
#include "models/mf/mf_options.h"

namespace tamis::models {
namespace {

// What is learned from and what is predicted.
struct Parts {
  std::vector<Rating> learned;
  std::vector<Rating> held_out;
};

Parts parts_of(const RatingsData& data, const Settings& settings) {
  RatingsSplit split = choice_setting(settings, "split") == "random"
                           ? split_ratings_at_random(data, integer_setting(settings, "split_seed"))
                           : split_ratings_by_time(data);
  if (choice_setting(settings, "report") == "validation") return {std::move(split.train), std::move(split.validation)};
  split.train.insert(split.train.end(), split.validation.begin(), split.validation.end());
  return {std::move(split.train), std::move(split.test)};
}

struct Errors {
  std::vector<double> squared;
  std::vector<double> absolute;
};

// Of `predict` on the held-out ratings.
Errors errors_of(const Parts& parts, const std::function<float(const Rating&)>& predict) {
  const auto [lowest, highest] = std::minmax_element(
      parts.learned.begin(), parts.learned.end(), [](const Rating& a, const Rating& b) { return a.value < b.value; });
  Errors errors;
  for (const Rating& rating : parts.held_out) {
    const double error = std::clamp(predict(rating), lowest->value, highest->value) - double{rating.value};
    errors.squared.push_back(error * error);
    errors.absolute.push_back(std::fabs(error));
  }
  return errors;
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void report_errors(const Errors& errors, const std::string& suffix, const BootstrapOptions& options,
                   EvaluationReport* report) {
  report->metrics["rmse" + suffix] = std::sqrt(mean_of(errors.squared));
  report->metrics["mae" + suffix] = mean_of(errors.absolute);
  const Interval squared = bootstrap_mean(errors.squared, options);
  report->intervals["rmse" + suffix] = {std::sqrt(squared.low), std::sqrt(squared.high)};
  report->intervals["mae" + suffix] = bootstrap_mean(errors.absolute, options);
}

// The share of the held-out ratings whose user (item) has none to learn from.
double share_unknown(const Parts& parts, std::uint32_t rows, std::uint32_t Rating::*member) {
  std::vector<bool> known(rows);
  for (const Rating& rating : parts.learned) known[rating.*member] = true;
  const auto unknown = std::count_if(parts.held_out.begin(), parts.held_out.end(),
                                     [&](const Rating& rating) { return !known[rating.*member]; });
  return static_cast<double>(unknown) / static_cast<double>(parts.held_out.size());
}

}  // namespace

void add_ratings_report_options(std::vector<ModelOption>* options) {
  options->push_back(choice_option("report", {"test", "validation"},
                                   "test: learns from 90% and is measured on the last 10%; validation, for tuning: "
                                   "learns from 80% and is measured on the 10% that follow"));
  options->push_back(integer_option("resamples", 1000, 1, 100'000, "of the bootstrap intervals"));
}

Result<std::vector<ModelOption>> ratings_options(std::string_view model) {
  if (model != "mf")
    return Status::invalid_argument("the model \"" + std::string(model) +
                                    "\" does not predict ratings (those that do: mf)")
        .at_field("model");
  std::vector<ModelOption> options = mf_table();
  options.push_back(choice_option("split", {"time", "random"}, "how the ratings are ordered before they are cut"));
  options.push_back(integer_option("split_seed", 1, 0, kLargestInteger, "of the random order"));
  add_ratings_report_options(&options);
  return options;
}

Result<EvaluationReport> evaluate_ratings(const std::filesystem::path& path, std::string_view model,
                                          const Settings& settings, const TrainControl& control) {
  EvaluationReport report;
  report.protocol = "ratings";
  report.model = model;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<ModelOption> options, ratings_options(model));
  TAMIS_ASSIGN_OR_RETURN(report.settings, resolve_settings(options, settings));
  TAMIS_ASSIGN_OR_RETURN(const RatingsData data, read_ratings(path));
  const Parts parts = parts_of(data, report.settings);

  const MfOptions with_factors = mf_options(report.settings);
  MfOptions without_factors = with_factors;
  without_factors.dim = 0;
  auto start = std::chrono::steady_clock::now();
  TAMIS_ASSIGN_OR_RETURN(const MfModel trained, train_mf(data.users, data.items, parts.learned, with_factors, control));
  report.train_s = seconds_since(start);
  TAMIS_ASSIGN_OR_RETURN(const MfModel biases,
                         train_mf(data.users, data.items, parts.learned, without_factors, control));

  start = std::chrono::steady_clock::now();
  const BootstrapOptions bootstrap{.resamples =
                                       static_cast<std::uint32_t>(integer_setting(report.settings, "resamples"))};
  const auto predict_by = [](const MfModel& by) {
    return [&by](const Rating& rating) { return by.predict(rating.user, rating.item); };
  };
  report_errors(errors_of(parts, predict_by(trained)), "", bootstrap, &report);
  report_errors(errors_of(parts, predict_by(biases)), "_biases", bootstrap, &report);
  report_errors(errors_of(parts, [&](const Rating&) { return trained.mean; }), "_mean", bootstrap, &report);
  report.evaluate_s = seconds_since(start);
  report.data = {{"users", data.users},
                 {"items", data.items},
                 {"train_ratings", static_cast<double>(parts.learned.size())},
                 {"predicted_ratings", static_cast<double>(parts.held_out.size())},
                 {"share_of_unknown_users", share_unknown(parts, data.users, &Rating::user)},
                 {"share_of_unknown_items", share_unknown(parts, data.items, &Rating::item)}};
  report.peak_rss_bytes = peak_rss_bytes();
  return report;
}

}  // namespace tamis::models
