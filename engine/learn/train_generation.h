// One training run, as a function of its inputs: it reads no database and could be a process of its own.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "engine/generations/inherit_members.h"
#include "engine/learn/dataset.h"
#include "engine/learn/funnel_trial.h"
#include "engine/learn/rank_world.h"
#include "engine/learn/run_control.h"
#include "engine/learn/served_lists.h"
#include "engine/requests.h"
#include "engine/settings/model_settings.h"

namespace tamis::engine {

struct TrainingRun {
  std::string generation;           // id
  TimestampMs created_ms = 0;       // written into the manifest
  std::vector<std::string> models;  // of trainable_models()
  ModelSettings settings;
  double holdout = 0.1;  // share evaluated on; 0: no evaluation
  // Of an automatic run (kAutomatic among the models): the settings that were given, as text, and its CPU time.
  std::map<std::string, std::map<std::string, std::string>> text_settings = {};
  std::int64_t budget_s = 600;
  // Models are measured, and searched for, on so many: of more, on those of a sample of the users.
  std::uint64_t measured_events = 5'000'000;
  RankClock clock;                      // how the database counts, for the ranker's features
  std::vector<ServedList> served = {};  // what was shown (load_served_lists()), for the ranker
  // What the run may take over: members that it does not learn, or fails to learn, become the generation's as they are.
  Inheritance inheritance = {};
  const FunnelTrial* trial = nullptr;  // null: funnels are not compared
  double tolerance = 0.02;             // of the gate: a ranker that loses more than this of ndcg@10 is left out
};

// The fewest interactions that a model learns from, where it learns from interactions at all. With fewer, such models
// are left out of the run.
inline constexpr std::size_t kMinTrainingEvents = 10;

// Evaluates the models on the held-out tail (engine/learn/evaluation.h), learns them from everything, and writes the
// generation to `dir`, which must not exist. Its metrics are empty, and its note says why, where nothing could be held
// out. A model that fails, and a ranker that is worse than none, is left out (GenerationInfo::left_out); the others go
// on. The result does not depend on control.threads.
// failed_precondition (too little data: the message says what is needed), unavailable (cancelled), resource_exhausted,
// io_error, and why the first model failed where all did. A failure leaves nothing behind.
Result<GenerationInfo> train_generation(const Dataset& dataset, const TrainingRun& run,
                                        const std::filesystem::path& dir, const RunControl& control);

}  // namespace tamis::engine
