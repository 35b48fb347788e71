#include "engine/learn/train_generation.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/generations/generation_files.h"
#include "engine/learn/evaluation.h"
#include "engine/learn/gate.h"
#include "engine/learn/learn_ranker.h"
#include "engine/learn/learned_models.h"
#include "engine/learn/sample_users.h"
#include "engine/learn/search_recommender.h"
#include "engine/settings/model_settings.h"

namespace tamis::engine {
namespace {

bool is_text_among(const Features& features) {
  return std::any_of(features.begin(), features.end(),
                     [](const auto& feature) { return std::holds_alternative<Text>(feature.second); });
}

constexpr double kMeasured = 0.85;   // shares of the evaluation's progress
constexpr double kEvaluated = 0.45;  // shares of the run's progress
constexpr double kRetrievalLearned = 0.7;
constexpr double kLearned = 0.95;

// How many users models are measured on: the mean over so many is close, and to rank a million items for millions of
// users would take longer than to learn.
std::size_t measured_users(std::size_t items) {
  constexpr std::size_t kMostScores = 5'000'000'000;
  return std::clamp<std::size_t>(kMostScores / std::max<std::size_t>(items, 1), 2'000, 20'000);
}

// Why the models that learn from interactions cannot be learned; nothing where they can.
std::optional<std::string> find_lack(const Dataset& dataset) {
  if (dataset.events.size() >= kMinTrainingEvents && dataset.users.size() >= 2 && dataset.items.size() >= 2)
    return std::nullopt;
  return "too little to learn from: " + std::to_string(dataset.events.size()) + " interactions of " +
         std::to_string(dataset.users.size()) + " users with " + std::to_string(dataset.items.size()) +
         " items, expected at least " + std::to_string(kMinTrainingEvents) +
         " of 2 users with 2 items (of types that " + "weigh more than 0)";
}

// Leaves out every model of the run that needs interactions. failed_precondition where that is all of them.
Status leave_out_for_lack(const TrainingRun& run, const std::string& lack, GenerationInfo* info) {
  for (const std::string& model : run.models)
    if (needs_interactions(model)) info->left_out[model] = lack;
  if (info->left_out.size() < run.models.size()) return Status::ok();
  return Status::failed_precondition(lack + ". Until then popular, trending and latest items are recommended");
}

std::string describe_split(const TimeSplitReport& report) {
  return "evaluated on " + std::to_string(report.tail_interactions) + " interactions from " +
         format_rfc3339(report.cut_ms) + " on, " + std::to_string(report.users) + " users";
}

// The members of the generation: those learned, and those taken over.
std::vector<std::string> all_members(const TrainingRun& run, const Inheritance& inheritance,
                                     const std::map<std::string, std::string>& left_out) {
  std::vector<std::string> members;
  for (const std::string& model : run.models)
    if (!left_out.contains(model) || contains(inheritance.members, model)) members.push_back(model);
  for (const std::string& member : inheritance.members)
    if (!contains(members, member) && !contains(run.models, member)) members.push_back(member);
  return members;
}

// What a trial learns: what the run does, and of what serves or is taken over all that costs no more than the run
// itself. A ranker learns from all that retrieves, whatever it costs.
std::vector<std::string> trial_models(const TrainingRun& run) {
  constexpr double kCheap = 20;
  std::vector<std::string> names = run.models;
  const bool ranks = has_ranker(run.models);
  if (run.trial == nullptr && !ranks) return names;
  double cost = 0;
  for (const std::string& model : run.models) cost += expected_cost(model);
  const auto add = [&](const std::string& member, bool is_needed) {
    const bool is_trainable = contains(trainable_models(), member) && member != "dlrm";
    if (is_trainable && !contains(names, member) && (is_needed || expected_cost(member) <= std::max(kCheap, cost)))
      names.insert(names.begin(), member);
  };
  for (const std::string& member : run.inheritance.members) add(member, ranks);
  if (run.trial != nullptr)
    for (const std::string& member : run.trial->serving) add(member, false);
  if (!contains(names, "popular")) names.insert(names.begin(), "popular");  // how hard the tail is
  return names;
}

Status try_in_funnels(const Dataset& dataset, const TrainingRun& run, TimestampMs cut_ms, const TrialModels& learned,
                      const std::vector<std::string>& members, const RunControl& control, GenerationInfo* info) {
  Result<std::map<std::string, FunnelQuality>> tried =
      try_funnels(*run.trial, dataset, cut_ms, learned, members, control);
  TAMIS_RETURN_IF_ERROR(control.check());
  if (tried.is_ok())
    info->funnels = *std::move(tried);
  else
    info->note += "; funnels not compared: " + tried.status().message();
  return Status::ok();
}

// A ranker that harms is taken out of `inheritance`, too: it must not come back as the one of before.
Status evaluate(const Dataset& dataset, const TrainingRun& run, const RunControl& control, Inheritance* inheritance,
                GenerationInfo* info) {
  if (run.holdout <= 0) {
    info->note = "not evaluated: training.holdout is 0";
    return Status::ok();
  }
  TrialModels learned;
  const TimeSplitOptions options{.holdout = run.holdout,
                                 .models = trial_models(run),
                                 .settings = run.settings,
                                 .max_users = measured_users(dataset.items.size()),
                                 .clock = run.clock,
                                 .served = &run.served,
                                 .left_out = &info->left_out,
                                 .keep = run.trial == nullptr ? nullptr : &learned};
  const Result<TimeSplitReport> report = evaluate_time_split(dataset, options, control.part("", 0, kMeasured));
  if (!report.is_ok()) {
    if (report.status().code() != StatusCode::kFailedPrecondition) return report.status();
    info->note = "not evaluated: " + report.status().message();
    return Status::ok();
  }
  std::erase_if(info->left_out, [&](const auto& entry) { return !contains(run.models, entry.first); });
  for (const ModelEvaluation& model : report->models) info->metrics[model.model] = model.metrics;
  info->note = describe_split(*report);
  if (const std::optional<std::string> harm = find_harm(*info, run.tolerance)) {
    info->left_out["dlrm"] = *harm;
    info->metrics.erase("dlrm");
    learned.ranker.clear();
    std::erase(inheritance->members, "dlrm");
  }
  if (run.trial == nullptr) return Status::ok();
  return try_in_funnels(dataset, run, report->cut_ms, learned, all_members(run, *inheritance, info->left_out),
                        control.part("", kMeasured, 1), info);
}

// Learns the run's models; those that fail are left out. Fails only where the run as a whole must.
Status learn_retrieval_members(const TrainingRun& run, const models::TrainingData& data, const RunControl& control,
                               GenerationContents* contents) {
  double total = 0;
  for (const std::string& model : run.models) total += expected_cost(model);
  double done = 0;
  for (const std::string& model : run.models) {
    TAMIS_RETURN_IF_ERROR(control.check());
    const double begin = done / total;
    done += expected_cost(model);
    if (model == "dlrm" || contents->info.left_out.contains(model)) continue;
    const Status learned = learn_model(model, data, contents->interactions, run.settings,
                                       control.stage(model, begin, done / total), &contents->models);
    if (learned.is_ok()) {
      contents->info.models.push_back(model);
      continue;
    }
    TAMIS_RETURN_IF_ERROR(control.check());
    contents->info.left_out[model] = failure_reason(model, learned);
  }
  return Status::ok();
}

// Learns the ranker over all members that retrieve, those taken over included. One that cannot be learned is left out.
Status learn_ranking_member(const Dataset& dataset, const TrainingRun& run, const Inheritance& inheritance,
                            const RunControl& control, GenerationContents* contents) {
  if (!has_ranker(run.models) || contents->info.left_out.contains("dlrm")) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const RankerSettings ranker, ranker_settings(run.settings));
  const RankWorld world(dataset, run.clock);
  std::vector<std::string> members = all_members(run, inheritance, contents->info.left_out);
  std::erase_if(members, [](const std::string& member) { return !contains(trainable_models(), member); });
  std::map<std::string, std::string> objectives_left_out;
  Result<std::vector<LearnedObjective>> learned =
      learn_ranker(world, dataset.events.size(),
                   {members, &run.settings, ranker, run.clock, &run.served, &objectives_left_out}, control);
  TAMIS_RETURN_IF_ERROR(control.check());
  if (!learned.is_ok()) {
    // Too young a database: it retrieves already, and will rank when there is more to learn from.
    contents->info.left_out["dlrm"] = learned.status().message();
    return Status::ok();
  }
  for (const auto& [objective, why] : objectives_left_out) contents->info.left_out["dlrm." + objective] = why;
  contents->ranker = *std::move(learned);
  contents->info.models.emplace_back("dlrm");
  return Status::ok();
}

// Each reason once, after the members that it concerns: "content: no item has a text; ials, item_knn: too little".
std::string list_reasons(const std::map<std::string, std::string>& left_out, const std::string& prefix = "") {
  std::vector<std::pair<std::string, std::string>> reasons;  // members, reason
  for (const auto& [member, why] : left_out) {
    const std::string name = member == "dlrm" ? "ranker" : member;
    const auto known =
        std::find_if(reasons.begin(), reasons.end(), [&](const auto& entry) { return entry.second == why; });
    if (known == reasons.end())
      reasons.emplace_back(name, why);
    else
      known->first += ", " + name;
  }
  std::string text;
  for (const auto& [members, why] : reasons) text += (text.empty() ? "" : "; ") + prefix + members + ": " + why;
  return text;
}

// Outliers are named to those who watch the run, and only counted in the generation's note: its files outlive users.
void tell_of_outliers(const Dataset& dataset, const RunControl& control, GenerationInfo* info) {
  if (dataset.outliers == 0) return;
  const std::string told = std::to_string(dataset.outliers) +
                           (dataset.outliers == 1 ? " value far out was clipped" : " values far out were clipped");
  info->note += (info->note.empty() ? "" : "; ") + told;
  if (!control.warn) return;
  std::string warning = told + " to the range of the others: ";
  for (const std::string& outlier : dataset.named_outliers)
    warning += (&outlier == &dataset.named_outliers.front() ? "" : "; ") + outlier;
  const std::uint64_t more =
      dataset.outliers - std::min<std::uint64_t>(dataset.outliers, dataset.named_outliers.size());
  if (more > 0) warning += "; and " + std::to_string(more) + " more";
  control.warn(warning);
}

// REQUIRES: every model of the run is left out.
Status nothing_learned(const GenerationInfo& info) {
  return Status::failed_precondition("nothing was learned: " + list_reasons(info.left_out));
}

// The note is for people. It gives the reason of each member that is left out.
void note_left_out(const Inheritance& inheritance, GenerationInfo* info) {
  for (auto& [member, why] : info->left_out)
    if (contains(inheritance.members, member)) why += "; the one that served before is kept";
  if (info->left_out.empty()) return;
  info->note += (info->note.empty() ? "" : "; ") + list_reasons(info->left_out, "no ");
}

// Of the generation that gives members; empty where none does.
GenerationInfo info_before(const Inheritance& inheritance) {
  if (inheritance.dir.empty()) return {};
  const Result<Manifest> manifest = read_manifest(inheritance.dir);
  return manifest.is_ok() ? manifest->info : GenerationInfo();
}

// A run of named models leaves what was found before as it is: it learns them with the settings that were found.
Status keep_what_was_found(TrainingRun* run, GenerationInfo* info) {
  const GenerationInfo before = info_before(run->inheritance);
  for (const std::string& model : before.chosen)
    if (!contains(run->models, model)) info->chosen.push_back(model);
  info->found_settings = before.found_settings;
  info->default_funnel = before.default_funnel;
  if (before.found_settings.empty()) return Status::ok();
  TrainingOptions options;
  options.settings = run->text_settings;
  options.settings.insert(before.found_settings.begin(), before.found_settings.end());
  TAMIS_ASSIGN_OR_RETURN(run->settings, parse_model_settings(options));
  return Status::ok();
}

// Has an automatic run find its models and their settings. Members of the generation before that it does not choose
// again are not taken over.
Status choose_models(const Dataset& part, const Dataset& dataset, bool has_lack, const RunControl& control,
                     TrainingRun* run, GenerationInfo* info) {
  FoundRecommender found{.models = base_models(), .settings = run->settings};
  std::erase(run->models, kAutomatic);
  for (const std::string& model : run->models)
    if (!contains(found.models, model)) found.models.push_back(model);
  if (has_lack) {
    if (std::any_of(dataset.item_features.begin(), dataset.item_features.end(), is_text_among) ||
        std::any_of(dataset.other_item_features.begin(), dataset.other_item_features.end(), is_text_among))
      if (!contains(found.models, "content")) found.models.emplace_back("content");
    info->chosen = found.models;
  } else {
    TAMIS_ASSIGN_OR_RETURN(found,
                           search_recommender(part, dataset, *run, info_before(run->inheritance), control, info));
  }
  run->models = std::move(found.models);
  run->settings = std::move(found.settings);
  std::erase_if(run->inheritance.members, [&](const std::string& member) {
    return contains(trainable_models(), member) && !contains(run->models, member);
  });
  return Status::ok();
}

}  // namespace

Result<GenerationInfo> train_generation(const Dataset& dataset, const TrainingRun& asked,
                                        const std::filesystem::path& dir, const RunControl& control) {
  TAMIS_RETURN_IF_ERROR(validate_run_models(asked.models, asked.inheritance.members));
  TrainingRun run = asked;
  GenerationContents contents;
  contents.info.id = run.generation;
  contents.info.state = "ready";
  contents.info.created_ms = run.created_ms;
  contents.info.sequence = dataset.sequence;
  const std::optional<std::string> lack = find_lack(dataset);
  std::optional<Dataset> sample;
  std::vector<ServedList> all_served;
  if (!lack && dataset.events.size() > run.measured_events && (is_automatic(run.models) || run.holdout > 0)) {
    sample = sample_users(dataset, run.measured_events);
    all_served = std::exchange(run.served, served_to(run.served, dataset, *sample));
  }
  const Dataset& measured = sample ? *sample : dataset;
  if (is_automatic(run.models)) {
    TAMIS_RETURN_IF_ERROR(
        choose_models(measured, dataset, lack.has_value(), control.part("", 0, kEvaluated), &run, &contents.info));
  } else {
    TAMIS_RETURN_IF_ERROR(keep_what_was_found(&run, &contents.info));
  }
  Inheritance inheritance = run.inheritance;
  if (lack) {
    TAMIS_RETURN_IF_ERROR(leave_out_for_lack(run, *lack, &contents.info));
    contents.info.note = "not evaluated: there are too few interactions";
  } else if (!is_automatic(asked.models)) {
    TAMIS_RETURN_IF_ERROR(evaluate(measured, run, control.part("", 0, kEvaluated), &inheritance, &contents.info));
  }
  if (sample) {
    contents.info.note += (contents.info.note.empty() ? "" : "; ") + std::string("on a sample of ") +
                          std::to_string(sample->users.size()) + " of " + std::to_string(dataset.users.size()) +
                          " users";
    run.served = std::move(all_served);
    sample.reset();
  }

  const models::TrainingData data = dataset.training_data(0, dataset.events.size());
  contents.interactions = data.signed_matrix();
  TAMIS_RETURN_IF_ERROR(learn_retrieval_members(run, data, control.part("", kEvaluated, kRetrievalLearned), &contents));
  TAMIS_RETURN_IF_ERROR(
      learn_ranking_member(dataset, run, inheritance, control.part("", kRetrievalLearned, kLearned), &contents));
  TAMIS_RETURN_IF_ERROR(control.check());
  if (contents.info.models.empty()) return nothing_learned(contents.info);
  control.stage("write", kLearned, 1);
  contents.users = dataset.users;
  contents.items = dataset.items;
  contents.rating_scales = dataset.rating_scales;
  note_left_out(inheritance, &contents.info);
  tell_of_outliers(dataset, control, &contents.info);
  TAMIS_RETURN_IF_ERROR(write_generation(dir, contents, &inheritance));
  TAMIS_ASSIGN_OR_RETURN(const Manifest written, read_manifest(dir));
  return written.info;
}

}  // namespace tamis::engine
