// tamis evaluate: how good a model is, on fixed files or on a database's own interactions. A protocol is a row of
// kProtocols.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <thread>

#include "engine/learn/evaluation.h"
#include "engine/learn/held_out_funnels.h"
#include "engine/learn/search_recommender.h"
#include "engine/settings/ranker_settings.h"
#include "models/evaluate/protocol_leave_one_out.h"
#include "models/evaluate/protocol_lightgcn.h"
#include "models/evaluate/protocol_liked.h"
#include "models/evaluate/protocol_ratings.h"
#include "models/evaluate/protocol_split.h"
#include "ranker/evaluate/protocol_ctr.h"
#include "server/commands/commands.h"
#include "storage/store.h"

namespace tamis::server {
namespace {

struct EvaluateFlags {
  std::string protocol = "lightgcn";
  std::string train;
  std::string valid;
  std::string test;
  std::string data;
  models::SplitFiles split;
  std::string model;
  std::vector<std::string> settings;
  std::vector<std::string> funnels;  // of time-split: documents by file or by name
  std::string diversity_space;
  bool validation = false;
  std::string config_file;
  std::string format = "table";
  double holdout = 0.1;
  std::uint32_t threads = 0;
  bool progress = false;
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
  for (const auto& [name, value] : report.metrics) {
    const auto interval = report.intervals.find(name);
    std::printf("%-24s %.5f", name.c_str(), value);
    if (interval != report.intervals.end()) {
      std::printf("   95%%: %.5f .. %.5f", interval->second.low, interval->second.high);
    }
    std::fputs("\n", stdout);
  }
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

using Reports = Result<std::vector<models::EvaluationReport>>;

Status require(const std::string& protocol, std::initializer_list<std::pair<const char*, const std::string*>> needed) {
  for (const auto& [name, value] : needed) {
    if (value->empty()) return Status::invalid_argument("--protocol " + protocol + " needs " + name);
  }
  return Status::ok();
}

// "ials,dlrm" as a list.
std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    names.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

// Progress goes to standard error, where a person watches.
models::TrainControl train_control(const EvaluateFlags& flags) {
  models::TrainControl control;
  control.threads = thread_count(flags.threads);
  if (flags.progress) {
    control.report = [](double progress, std::string_view detail) {
      std::fprintf(stderr, "%3.0f%% %.*s\n", 100 * progress, static_cast<int>(detail.size()), detail.data());
    };
  }
  return control;
}

Reports one(Result<models::EvaluationReport> report) {
  if (!report.is_ok()) return report.status();
  return std::vector<models::EvaluationReport>{*std::move(report)};
}

Reports evaluate_lightgcn(const EvaluateFlags& flags) {
  TAMIS_RETURN_IF_ERROR(
      require(flags.protocol, {{"--train", &flags.train}, {"--test", &flags.test}, {"--model", &flags.model}}));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  return one(models::evaluate_lightgcn(flags.train, flags.test, flags.model, settings, train_control(flags)));
}

Reports evaluate_leave_one_out(const EvaluateFlags& flags) {
  TAMIS_RETURN_IF_ERROR(require(flags.protocol, {{"--data", &flags.data}, {"--model", &flags.model}}));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  return one(models::evaluate_leave_one_out(flags.data, flags.model, settings, train_control(flags)));
}

Reports evaluate_ratings(const EvaluateFlags& flags) {
  const std::string& file = flags.data.empty() ? flags.train : flags.data;
  TAMIS_RETURN_IF_ERROR(require(flags.protocol, {{"--data", &file}, {"--model", &flags.model}}));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  return one(models::evaluate_ratings(file, flags.model, settings, train_control(flags)));
}

Reports evaluate_liked(const EvaluateFlags& flags) {
  TAMIS_RETURN_IF_ERROR(require(flags.protocol, {{"--data", &flags.data}, {"--model", &flags.model}}));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  return one(models::evaluate_liked(flags.data, flags.model, settings, train_control(flags)));
}

Reports evaluate_split(const EvaluateFlags& flags) {
  models::SplitFiles files = flags.split;
  if (!flags.data.empty()) {
    TAMIS_ASSIGN_OR_RETURN(files, models::find_split_files(flags.data));
  } else {
    files.train_input = flags.train;
    const std::string test_input = files.test_input.string();
    const std::string test_output = files.test_output.string();
    TAMIS_RETURN_IF_ERROR(require(flags.protocol, {{"--data, or --train and the others", &flags.train},
                                                   {"--test-input", &test_input},
                                                   {"--test-output", &test_output}}));
    if (files.validation_input.empty() != files.validation_output.empty()) {
      return Status::invalid_argument("--validation-input and --validation-output go together");
    }
  }
  TAMIS_RETURN_IF_ERROR(require(flags.protocol, {{"--model", &flags.model}}));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  return one(models::evaluate_split(files, flags.model, settings, train_control(flags)));
}

Reports evaluate_ctr(const EvaluateFlags& flags) {
  TAMIS_RETURN_IF_ERROR(
      require(flags.protocol, {{"--train", &flags.train}, {"--valid", &flags.valid}, {"--model", &flags.model}}));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  const ranker::CtrFiles files{.train = flags.train, .valid = flags.valid, .test = flags.test};
  return one(ranker::evaluate_ctr(files, flags.model, settings, train_control(flags)));
}

// A funnel's document: a file, or the name of one that the database holds.
Result<FunnelConfig> load_funnel(const storage::Store& store, const std::string& file_or_name) {
  std::error_code error;
  if (std::filesystem::is_regular_file(file_or_name, error)) {
    std::ifstream file(file_or_name);
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    auto parsed = parse_funnel(std::filesystem::path(file_or_name).stem().string(), text);
    if (!parsed.is_ok()) return Status(parsed.status()).with_context(file_or_name);
    return parsed;
  }
  const Result<std::string> stored = store.get_document("funnel", file_or_name);
  if (stored.is_ok()) return parse_funnel(file_or_name, *stored);
  if (file_or_name == "default") return FunnelConfig::default_funnel();
  return Status::invalid_argument("--funnel " + file_or_name + " is neither a file nor a funnel of the database");
}

Reports evaluate_time_split_funnels(const EvaluateFlags& flags, const storage::Store& store, const Config& config) {
  std::vector<FunnelConfig> funnels;
  for (const std::string& name : flags.funnels) {
    TAMIS_ASSIGN_OR_RETURN(FunnelConfig funnel, load_funnel(store, name));
    funnels.push_back(std::move(funnel));
  }
  engine::FunnelEvaluationOptions options;
  options.holdout = flags.holdout;
  options.leave_out = flags.validation ? flags.holdout : 0;
  options.models = config.database.training.models;
  options.diversity_space = flags.diversity_space;
  options.scratch = std::filesystem::temp_directory_path() / ("tamis-evaluate-" + std::to_string(::getpid()));
  TAMIS_ASSIGN_OR_RETURN(const engine::FunnelReport outcome,
                         engine::evaluate_funnels(store, config.database, funnels, options));
  std::vector<models::EvaluationReport> reports;
  for (const engine::FunnelEvaluation& funnel : outcome.funnels) {
    models::EvaluationReport report;
    report.protocol = "time-split";
    report.model = "funnel " + funnel.funnel;
    report.metrics = funnel.metrics;
    report.intervals = funnel.intervals;
    for (const engine::FunnelGain& gain : funnel.ndcg10_gains) {
      report.metrics["ndcg@10 over " + gain.over] = gain.mean;
      report.intervals["ndcg@10 over " + gain.over] = gain.interval;
    }
    report.metrics["recommend_p50_us"] = funnel.p50_us;
    report.metrics["recommend_p99_us"] = funnel.p99_us;
    report.train_s = outcome.train_s;
    report.peak_rss_bytes = models::peak_rss_bytes();
    report.data = {{"head_interactions", static_cast<double>(outcome.head_interactions)},
                   {"tail_interactions", static_cast<double>(outcome.tail_interactions)},
                   {"users", static_cast<double>(funnel.users)},
                   {"cut_ms", static_cast<double>(outcome.cut_ms)}};
    reports.push_back(std::move(report));
  }
  return reports;
}

struct TimeSplitInput {
  Config config;
  std::unique_ptr<storage::Store> store;
};

Result<TimeSplitInput> open_time_split(const EvaluateFlags& flags) {
  TAMIS_RETURN_IF_ERROR(require(flags.protocol, {{"--data", &flags.data}}));
  ConfigFlags config_flags{.file = flags.config_file, .settings = {}};
  TAMIS_ASSIGN_OR_RETURN(Config config, load_config(config_flags));
  TAMIS_ASSIGN_OR_RETURN(const models::Settings settings, parse_settings(flags.settings));
  config.database.training.holdout = flags.holdout;
  config.database.training.threads = thread_count(flags.threads);
  // Models are compared one by one here, so none is chosen.
  if (engine::is_automatic(config.database.training.models)) config.database.training.models = engine::base_models();
  if (flags.model == "dlrm") {  // it ranks what the others retrieve
    if (!engine::has_ranker(config.database.training.models)) config.database.training.models.emplace_back("dlrm");
  } else if (!flags.model.empty()) {
    config.database.training.models.clear();
    for (const std::string& model : split_names(flags.model)) config.database.training.models.push_back(model);
  }
  for (const auto& [key, value] : settings) {  // "dim=64" of the one model, or "ials.dim=64"
    const std::size_t dot = key.find('.');
    if (dot == std::string::npos && flags.model.empty())
      return Status::invalid_argument("--set " + key + " names no model; expected model.key=value");
    const std::string model = dot == std::string::npos ? flags.model : key.substr(0, dot);
    config.database.training.settings[model][dot == std::string::npos ? key : key.substr(dot + 1)] = value;
  }
  TAMIS_ASSIGN_OR_RETURN(auto store,
                         storage::Store::open(std::filesystem::path(flags.data) / "store", {.read_only = true}));
  return TimeSplitInput{std::move(config), std::move(store)};
}

Reports evaluate_time_split(const EvaluateFlags& flags) {
  TAMIS_ASSIGN_OR_RETURN(TimeSplitInput input, open_time_split(flags));
  if (!flags.funnels.empty()) return evaluate_time_split_funnels(flags, *input.store, input.config);
  if (flags.validation) return Status::invalid_argument("--validation needs --funnel");
  if (!flags.diversity_space.empty()) return Status::invalid_argument("--diversity-space needs --funnel");
  engine::RunControl control;
  control.threads = input.config.database.training.threads;
  TAMIS_ASSIGN_OR_RETURN(const engine::TimeSplitReport split,
                         engine::evaluate_time_split(*input.store, input.config.database, control));
  std::vector<models::EvaluationReport> reports;
  for (const engine::ModelEvaluation& model : split.models) {
    models::EvaluationReport report;
    report.protocol = "time-split";
    report.model = model.model;
    report.metrics = model.metrics;
    report.train_s = model.train_s;
    report.evaluate_s = model.evaluate_s;
    report.peak_rss_bytes = models::peak_rss_bytes();
    report.data = {{"head_interactions", static_cast<double>(split.head_interactions)},
                   {"tail_interactions", static_cast<double>(split.tail_interactions)},
                   {"users", static_cast<double>(split.users)},
                   {"cut_ms", static_cast<double>(split.cut_ms)}};
    reports.push_back(std::move(report));
  }
  return reports;
}

struct Protocol {
  const char* name;
  const char* summary;
  Reports (*run)(const EvaluateFlags& flags);
};

constexpr Protocol kProtocols[] = {
    {"lightgcn", "two files of `user item item ...`", evaluate_lightgcn},
    {"leave-one-out", "a file of `user item` in the order of time; each user's last is the test",
     evaluate_leave_one_out},
    {"split", "files of sequences and of what followed them, as gSASRec's", evaluate_split},
    {"ratings", "a file of `user::item::rating::time`, or with tabs or commas: predicted ratings", evaluate_ratings},
    {"liked", "the same file: items that are later rated high, and those rated low", evaluate_liked},
    {"ctr", "CSV files of labelled examples, for click models", evaluate_ctr},
    {"time-split", "a data directory, cut by time", evaluate_time_split},
};

int run_protocol(const EvaluateFlags& flags) {
  for (const Protocol& protocol : kProtocols) {
    if (flags.protocol != protocol.name) continue;
    const Reports reports = protocol.run(flags);
    if (!reports.is_ok()) return report_failure(reports.status());
    return print_reports(*reports, flags.format);
  }
  return report_failure(Status::invalid_argument("unknown protocol \"" + flags.protocol + "\""));
}

}  // namespace

void add_evaluate_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<EvaluateFlags>();
  CLI::App* command = app.add_subcommand("evaluate", "Train a model and measure it on held-out interactions");
  std::vector<std::string> names;
  std::string summary;
  for (const Protocol& protocol : kProtocols) {
    names.emplace_back(protocol.name);
    summary += (summary.empty() ? "" : "; ") + std::string(protocol.name) + ": " + protocol.summary;
  }
  command->add_option("--protocol", flags->protocol, summary)->check(CLI::IsMember(names));
  command->add_option("--train", flags->train, "Train file (lightgcn, split, ctr; plain or .xz, as every file)");
  command->add_option("--valid", flags->valid, "Validation file (ctr)");
  command->add_option("--test", flags->test,
                      "Test file (lightgcn, ctr; ctr without one reports on the validation file)");
  command->add_option(
      "-d,--data", flags->data,
      "The file (leave-one-out, ratings, liked), the directory of the files (split), or the data directory of a "
      "database, which a server may have open (time-split)");
  command->add_option("--validation-input", flags->split.validation_input, "Histories of the validation (split)");
  command->add_option("--validation-output", flags->split.validation_output, "What followed them (split)");
  command->add_option("--test-input", flags->split.test_input, "Histories of the test (split)");
  command->add_option("--test-output", flags->split.test_output, "What followed them (split)");
  command->add_option("-c,--config", flags->config_file, "TOML file with the database's settings (time-split)");
  command->add_option("-m,--model", flags->model,
                      "popular, item_knn, ials, ... (docs/models.md); time-split: several as a,b, default all");
  command->add_option("--set", flags->settings, "An option of the model, as in docs/models.md")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      ->add_option("--funnel", flags->funnels,
                   "A funnel's document, or the name of one of the database: evaluates what it recommends (time-split)")
      ->allow_extra_args(false);
  command->add_option("--diversity-space", flags->diversity_space,
                      "With --funnel: also the mean distance within lists, in this space");
  command->add_flag("--validation", flags->validation,
                    "With --funnel: drops the held-out share and holds out as much of the rest, for tuning");
  command->add_option("--holdout", flags->holdout, "Share of the newest interactions (time-split)")
      ->check(CLI::Range(0.001, 0.5));
  command->add_option("--threads", flags->threads, "0: one per core");
  command->add_flag("--progress", flags->progress, "Tell of each epoch on standard error");
  command->add_option("--format", flags->format, "json or table")->check(CLI::IsMember({"json", "table"}));
  command->footer(
      "Example:\n  tamis evaluate --protocol lightgcn --train train.txt --test test.txt --model ials --set dim=256 "
      "--format json");
  command->callback([flags, exit_code] { *exit_code = run_protocol(*flags); });
}

}  // namespace tamis::server
