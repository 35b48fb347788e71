// TrainingTask: a training run told to another process, and what that process tells back. JSON both ways, so that a
// person can read it; a value type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "engine/funnel.h"
#include "engine/generations/inherit_members.h"
#include "engine/interactions/interaction_types.h"
#include "engine/learn/funnel_trial.h"
#include "engine/learn/rank_world.h"
#include "engine/options.h"
#include "engine/requests.h"

namespace tamis::engine {

struct TrainingTask {
  std::filesystem::path store;   // a checkpoint of the store: a consistent snapshot that nobody else writes to
  std::filesystem::path output;  // the directory of the generation; must not exist
  std::string generation;
  TimestampMs now_ms = 0;                          // of the run: created_ms, and what has expired
  TrainingOptions options;                         // models, settings, threads, holdout and limits count
  std::vector<InteractionType> interaction_types;  // the declared ones of the database
  RankClock clock;                                 // of the database
  std::uint32_t max_history = 500;                 // of the database
  std::uint32_t daily_repeats = 1;                 // of the database
  Inheritance inheritance = {};                    // what the run may take over
  std::vector<std::string> serving = {};           // members of the generation that serves
  std::vector<FunnelConfig> funnels = {};          // to compare; none: no trial
  std::filesystem::path scratch = {};              // a directory for the trial; must not exist
};

// The types that the task names, as load_dataset() takes them.
std::shared_ptr<const InteractionTypes> types_of(const TrainingTask& task);

// The comparison of funnels that the task asks for; nothing where it asks for none. `options` are the database's.
std::optional<FunnelTrial> trial_of(const TrainingTask& task, const DatabaseOptions& options,
                                    const storage::Store& store);
// The options of the database as far as the task tells them.
DatabaseOptions options_of(const TrainingTask& task);

std::string training_task_to_json(const TrainingTask& task);
Result<TrainingTask> parse_training_task(const std::string& text);  // invalid_argument

// One line that the worker writes.
struct WorkerProgress {
  double progress = 0;  // 0..1
  std::string stage;
  std::string detail;
};
struct WorkerWarning {
  std::string text;
};
// A line for the log, which is the parent's: its form and its place are not the worker's business.
struct WorkerLog {
  std::string level;  // as spdlog names it
  std::string text;
};
// The last two end the run.
using WorkerMessage = std::variant<WorkerProgress, WorkerWarning, WorkerLog, GenerationInfo, Status>;

std::string worker_message_to_json(const WorkerMessage& message);  // without the line's end
// corruption where the line is none of them.
Result<WorkerMessage> parse_worker_message(const std::string& line);

}  // namespace tamis::engine
