// tamis evaluate: how good a model is, on fixed files (lightgcn) or on a database's own interactions (time-split).
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <thread>

#include "engine/evaluation.h"
#include "models/protocol_lightgcn.h"
#include "server/commands/commands.h"
#include "storage/store.h"

namespace tamis::server {
namespace {

struct EvaluateFlags {
  std::string protocol = "lightgcn";
  std::string train;
  std::string test;
  std::string data_dir;
  std::string model;
  std::vector<std::string> settings;
  std::string config_file;
  std::string format = "table";
  double holdout = 0.1;
  std::uint32_t threads = 0;
};

Result<models::Settings> parse_settings(const std::vector<std::string>& pairs) {
  models::Settings settings;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos || equals == 0)
      return Status::invalid_argument("--set " + pair + " is malformed; expected key=value");
    settings[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return settings;
}

void print_table(const models::EvaluationReport& report) {
  std::printf("%-24s %s\n", "protocol", report.protocol.c_str());
  std::printf("%-24s %s\n", "model", report.model.c_str());
  for (const auto& [name, value] : report.metrics) std::printf("%-24s %.5f\n", name.c_str(), value);
  std::printf("%-24s %.2f\n%-24s %.2f\n", "train_s", report.train_s, "evaluate_s", report.evaluate_s);
  std::printf("%-24s %.1f\n", "peak_rss_mib", static_cast<double>(report.peak_rss_bytes) / (1 << 20));
}

int print_reports(const std::vector<models::EvaluationReport>& reports, const std::string& format) {
  const bool is_list = reports.size() > 1;
  if (format == "json" && is_list) std::fputs("[", stdout);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (i > 0) std::fputs(format == "json" ? ",\n" : "\n", stdout);
    if (format == "json") {
      std::fputs(models::to_json(reports[i]).c_str(), stdout);
    } else {
      print_table(reports[i]);
    }
  }
  if (format == "json") std::fputs(is_list ? "]\n" : "\n", stdout);
  return kExitOk;
}

std::uint32_t thread_count(std::uint32_t asked) {
  return asked > 0 ? asked : std::max(1U, std::thread::hardware_concurrency());
}

int evaluate_files(const EvaluateFlags& flags) {
  if (flags.train.empty() || flags.test.empty() || flags.model.empty())
    return report_failure(Status::invalid_argument("--protocol lightgcn needs --train, --test and --model"));
  const auto settings = parse_settings(flags.settings);
  if (!settings.is_ok()) return report_failure(settings.status());
  models::TrainControl control;
  control.threads = thread_count(flags.threads);
  const auto report = models::evaluate_lightgcn(flags.train, flags.test, flags.model, *settings, control);
  if (!report.is_ok()) return report_failure(report.status());
  return print_reports({*report}, flags.format);
}

Result<engine::TimeSplitReport> run_time_split(const EvaluateFlags& flags) {
  if (flags.data_dir.empty()) return Status::invalid_argument("--protocol time-split needs --data");
  ConfigFlags config_flags{.file = flags.config_file, .settings = {}};
  TAMIS_ASSIGN_OR_RETURN(Config config, load_config(config_flags));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  config.database.training.holdout = flags.holdout;
  config.database.training.threads = thread_count(flags.threads);
  if (!flags.model.empty()) config.database.training.models = {flags.model};
  for (const auto& [key, value] : settings) {  // "dim=64" of the one model, or "ials.dim=64"
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos && flags.model.empty())
      return Status::invalid_argument("--set " + key + " names no model; expected model.key=value");
    const std::string model = dot == std::string::npos ? flags.model : key.substr(0, dot);
    config.database.training.settings[model][dot == std::string::npos ? key : key.substr(dot + 1)] = value;
  }
  TAMIS_ASSIGN_OR_RETURN(const auto store,
                         storage::Store::open(std::filesystem::path(flags.data_dir) / "store", {.read_only = true}));
  engine::RunControl control;
  control.threads = config.database.training.threads;
  return engine::evaluate_time_split(*store, config.database, control);
}

int evaluate_database(const EvaluateFlags& flags) {
  const auto split = run_time_split(flags);
  if (!split.is_ok()) return report_failure(split.status());
  std::vector<models::EvaluationReport> reports;
  for (const engine::ModelEvaluation& model : split->models) {
    models::EvaluationReport report{.protocol = "time-split", .model = model.model, .metrics = model.metrics};
    report.train_s = model.train_s;
    report.evaluate_s = model.evaluate_s;
    report.peak_rss_bytes = models::peak_rss_bytes();
    report.data = {{"head_interactions", static_cast<double>(split->head_interactions)},
                   {"tail_interactions", static_cast<double>(split->tail_interactions)},
                   {"users", static_cast<double>(split->users)},
                   {"cut_ms", static_cast<double>(split->cut_ms)}};
    reports.push_back(std::move(report));
  }
  return print_reports(reports, flags.format);
}

}  // namespace

void add_evaluate_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Train a model and measure it on held-out interactions");
  command->add_option("--protocol", flags->protocol, "lightgcn: two files; time-split: a data directory, cut by time")
      ->check(CLI::IsMember({"lightgcn", "time-split"}));
  command->add_option("--train", flags->train, "Train file: lines of `user item item ...` (.txt or .txt.xz)");
  command->add_option("--test", flags->test, "Test file, of the same form");
  command->add_option("-d,--data", flags->data_dir, "Data directory of a database that no server has open");
  command->add_option("-c,--config", flags->config_file, "TOML file with the database's settings (time-split)");
  command->add_option("-m,--model", flags->model, "popular, item_knn, user_knn or ials; time-split: default all");
  command->add_option("--set", flags->settings, "An option of the model, as in docs/models.md")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--holdout", flags->holdout, "Share of the newest interactions (time-split)")
      ->check(CLI::Range(0.001, 0.5));
  command->add_option("--threads", flags->threads, "0: one per core");
  command->add_option("--format", flags->format, "json or table")->check(CLI::IsMember({"json", "table"}));
  command->footer(
      "Example:\n  tamis evaluate --protocol lightgcn --train train.txt --test test.txt --model ials --set dim=256 "
      "--format json");
  command->callback([flags, exit_code] {
    *exit_code = flags->protocol == "lightgcn" ? evaluate_files(*flags) : evaluate_database(*flags);
  });
}

}  // namespace tamis::server
