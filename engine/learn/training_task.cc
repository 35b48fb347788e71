#include "engine/learn/training_task.h"

#include <map>
#include <nlohmann/json.hpp>

#include "engine/generations/generation_info_json.h"

namespace tamis::engine {
namespace {

using nlohmann::json;

StatusCode parse_code(const std::string& name) {
  for (int code = 1; code <= static_cast<int>(StatusCode::kInternal); ++code)
    if (status_code_name(static_cast<StatusCode>(code)) == name) return static_cast<StatusCode>(code);
  return StatusCode::kInternal;
}

// Paths and error texts may hold any bytes; what is not UTF-8 is replaced in messages to people.
std::string dump(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

std::shared_ptr<const InteractionTypes> types_of(const TrainingTask& task) {
  std::map<std::string, InteractionType> declared;
  for (const InteractionType& type : task.interaction_types) declared.emplace(type.name, type);
  return std::make_shared<const InteractionTypes>(std::map<std::string, double>(), declared);
}

std::string training_task_to_json(const TrainingTask& task) {
  const TrainingOptions& options = task.options;
  json types = json::array();
  for (const InteractionType& type : task.interaction_types)
    types.push_back(json::parse(interaction_type_to_json(type)));
  json funnels = json::array();
  for (const FunnelConfig& funnel : task.funnels)
    funnels.push_back({{"name", funnel.name}, {"document", funnel_to_json(funnel)}});
  return dump({{"store", task.store.string()},
               {"output", task.output.string()},
               {"generation", task.generation},
               {"now_ms", task.now_ms},
               {"models", options.models},
               {"settings", options.settings},
               {"threads", options.threads},
               {"holdout", options.holdout},
               {"budget_s", options.budget_s},
               {"memory_limit_bytes", options.memory_limit_bytes},
               {"nice", options.nice},
               {"interaction_types", types},
               {"trend_half_life_s", task.clock.trend_half_life_s},
               {"listed_field", task.clock.listed_field},
               {"gate_tolerance", options.gate_tolerance},
               {"max_history", task.max_history},
               {"daily_repeats", task.daily_repeats},
               {"inherit_from", task.inheritance.dir.string()},
               {"inherit", task.inheritance.members},
               {"serving", task.serving},
               {"funnels", funnels},
               {"scratch", task.scratch.string()}});
}

Result<TrainingTask> parse_training_task(const std::string& text) {
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  try {
    TrainingTask task;
    task.store = value.at("store").get<std::string>();
    task.output = value.at("output").get<std::string>();
    task.generation = value.at("generation").get<std::string>();
    task.now_ms = value.at("now_ms").get<TimestampMs>();
    task.options.models = value.at("models").get<std::vector<std::string>>();
    task.options.settings = value.at("settings").get<decltype(task.options.settings)>();
    task.options.threads = value.at("threads").get<std::uint32_t>();
    task.options.holdout = value.at("holdout").get<double>();
    task.options.budget_s = value.at("budget_s").get<std::int64_t>();
    task.options.memory_limit_bytes = value.at("memory_limit_bytes").get<std::uint64_t>();
    task.options.nice = value.at("nice").get<std::uint32_t>();
    for (const json& type : value.at("interaction_types")) {
      TAMIS_ASSIGN_OR_RETURN(task.interaction_types.emplace_back(),
                             parse_interaction_type(type.at("name").get<std::string>(), dump(type)));
    }
    task.clock.trend_half_life_s = value.at("trend_half_life_s").get<double>();
    task.clock.daily_repeats = value.at("daily_repeats").get<std::uint32_t>();
    task.clock.listed_field = value.at("listed_field").get<std::string>();
    task.options.gate_tolerance = value.at("gate_tolerance").get<double>();
    task.max_history = value.at("max_history").get<std::uint32_t>();
    task.daily_repeats = value.at("daily_repeats").get<std::uint32_t>();
    task.inheritance.dir = value.at("inherit_from").get<std::string>();
    task.inheritance.members = value.at("inherit").get<std::vector<std::string>>();
    task.serving = value.at("serving").get<std::vector<std::string>>();
    for (const json& funnel : value.at("funnels")) {
      TAMIS_ASSIGN_OR_RETURN(FunnelConfig config, parse_funnel(funnel.at("name").get<std::string>(),
                                                               funnel.at("document").get<std::string>()));
      task.funnels.push_back(std::move(config));
    }
    task.scratch = value.at("scratch").get<std::string>();
    return task;
  } catch (const json::exception& error) {
    return Status::invalid_argument(std::string("not a training task: ") + error.what());
  }
}

std::optional<FunnelTrial> trial_of(const TrainingTask& task, const DatabaseOptions& options,
                                    const storage::Store& store) {
  if (task.funnels.empty()) return std::nullopt;
  DatabaseOptions own = options;
  own.interaction_weights.clear();
  for (const InteractionType& type : task.interaction_types) own.interaction_types.insert_or_assign(type.name, type);
  return FunnelTrial{.store = &store,
                     .options = std::move(own),
                     .funnels = task.funnels,
                     .scratch = task.scratch,
                     .serving = task.serving};
}

DatabaseOptions options_of(const TrainingTask& task) {
  DatabaseOptions options;
  options.training = task.options;
  options.daily_repeats = task.daily_repeats;
  options.trending_half_life_s = task.clock.trend_half_life_s;
  options.latest_field = task.clock.listed_field;
  options.max_history = task.max_history;
  return options;
}

std::string worker_message_to_json(const WorkerMessage& message) {
  if (const auto* progress = std::get_if<WorkerProgress>(&message))
    return dump({{"progress", progress->progress}, {"stage", progress->stage}, {"detail", progress->detail}});
  if (const auto* warning = std::get_if<WorkerWarning>(&message)) return dump({{"warning", warning->text}});
  if (const auto* log = std::get_if<WorkerLog>(&message)) return dump({{"log", log->text}, {"level", log->level}});
  if (const auto* info = std::get_if<GenerationInfo>(&message))
    return dump({{"generation", generation_info_to_json(*info)}});
  const Status& status = std::get<Status>(message);
  return dump(
      {{"error",
        {{"code", status_code_name(status.code())}, {"message", status.message()}, {"field", status.field()}}}});
}

Result<WorkerMessage> parse_worker_message(const std::string& line) {
  const json value = json::parse(line, nullptr, /*allow_exceptions=*/false);
  try {
    if (value.contains("generation")) {
      TAMIS_ASSIGN_OR_RETURN(GenerationInfo info, parse_generation_info(value["generation"]));
      return WorkerMessage(std::move(info));
    }
    if (value.contains("warning")) return WorkerMessage(WorkerWarning{value["warning"].get<std::string>()});
    if (value.contains("log"))
      return WorkerMessage(
          WorkerLog{.level = value.at("level").get<std::string>(), .text = value["log"].get<std::string>()});
    if (value.contains("error")) {
      const json& error = value["error"];
      Status status(parse_code(error.at("code").get<std::string>()), error.at("message").get<std::string>());
      return WorkerMessage(std::move(status).at_field(error.at("field").get<std::string>()));
    }
    return WorkerMessage(WorkerProgress{.progress = value.at("progress").get<double>(),
                                        .stage = value.at("stage").get<std::string>(),
                                        .detail = value.at("detail").get<std::string>()});
  } catch (const json::exception& error) {
    return Status::corruption(std::string("not a message of a training process: ") + error.what());
  }
}

}  // namespace tamis::engine
