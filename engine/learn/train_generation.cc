#include "engine/learn/train_generation.h"

#include "engine/evaluation.h"
#include "engine/learn/generation_files.h"
#include "engine/learn/learned_models.h"
#include "engine/rank/learn_ranker.h"

namespace tamis::engine {
namespace {

constexpr double kEvaluated = 0.45;  // shares of the run's progress
constexpr double kRetrievalLearned = 0.7;
constexpr double kLearned = 0.95;

Status check_enough(const Dataset& dataset) {
  if (dataset.events.size() >= kMinTrainingEvents && dataset.users.size() >= 2 && dataset.items.size() >= 2)
    return Status::ok();
  return Status::failed_precondition(
      "too little to learn from: " + std::to_string(dataset.events.size()) + " interactions of " +
      std::to_string(dataset.users.size()) + " users with " + std::to_string(dataset.items.size()) +
      " items, expected at least " + std::to_string(kMinTrainingEvents) + " of 2 users with 2 items (of types that " +
      "weigh more than 0). Until then popular, trending and latest items are recommended");
}

std::string describe(const TimeSplitReport& report) {
  return "evaluated on " + std::to_string(report.tail_interactions) + " interactions from " +
         format_rfc3339(report.cut_ms) + " on, " + std::to_string(report.users) + " users";
}

Status evaluate(const Dataset& dataset, const TrainingRun& run, const RunControl& control, GenerationInfo* info) {
  if (run.holdout <= 0) {
    info->note = "not evaluated: training.holdout is 0";
    return Status::ok();
  }
  const TimeSplitOptions options{.holdout = run.holdout,
                                 .models = run.models,
                                 .settings = run.settings,
                                 .clock = run.clock,
                                 .served = &run.served};
  const Result<TimeSplitReport> report = evaluate_time_split(dataset, options, control);
  if (!report.is_ok()) {
    if (report.status().code() != StatusCode::kFailedPrecondition) return report.status();
    info->note = "not evaluated: " + report.status().message();
    return Status::ok();
  }
  for (const ModelEvaluation& model : report->models) info->metrics[model.model] = model.metrics;
  info->note = describe(*report);
  return Status::ok();
}

}  // namespace

Result<GenerationInfo> train_generation(const Dataset& dataset, const TrainingRun& run,
                                        const std::filesystem::path& dir, const RunControl& control) {
  TAMIS_RETURN_IF_ERROR(validate_model_names(run.models, "models"));
  TAMIS_RETURN_IF_ERROR(check_enough(dataset));
  GenerationContents contents;
  contents.info.id = run.generation;
  contents.info.state = "ready";
  contents.info.created_ms = run.created_ms;
  contents.info.sequence = dataset.sequence;
  contents.info.models = run.models;
  TAMIS_RETURN_IF_ERROR(evaluate(dataset, run, control.part("", 0, kEvaluated), &contents.info));

  const models::TrainingData data = dataset.training_data(0, dataset.events.size());
  contents.interactions = data.matrix();
  TAMIS_ASSIGN_OR_RETURN(contents.models, learn_models(run.models, data, contents.interactions, run.settings,
                                                       control.part("", kEvaluated, kRetrievalLearned)));
  if (has_ranker(run.models)) {
    TAMIS_ASSIGN_OR_RETURN(const RankerSettings ranker, ranker_settings(run.settings));
    const RankWorld world(dataset, run.clock);
    Result<std::vector<LearnedObjective>> learned =
        learn_ranker(world, dataset.events.size(), {run.models, &run.settings, ranker, run.clock, &run.served},
                     control.part("", kRetrievalLearned, kLearned));
    if (learned.is_ok()) {
      contents.ranker = *std::move(learned);
    } else if (learned.status().code() == StatusCode::kFailedPrecondition) {
      // Too young a database: it retrieves already, and will rank when there is more to learn from.
      std::erase(contents.info.models, "dlrm");
      if (!contents.info.note.empty()) contents.info.note += "; ";
      contents.info.note += "no ranker: " + learned.status().message();
    } else {
      return learned.status();
    }
  }
  TAMIS_RETURN_IF_ERROR(control.check());
  control.stage("write", kLearned, 1);
  contents.users = dataset.users;
  contents.items = dataset.items;
  TAMIS_RETURN_IF_ERROR(write_generation(dir, contents));
  return contents.info;
}

}  // namespace tamis::engine
