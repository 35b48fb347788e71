// One training run, as a function of its inputs: it reads no database and could be a process of its own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "engine/learn/dataset.h"
#include "engine/learn/model_settings.h"
#include "engine/learn/run_control.h"
#include "engine/rank/rank_world.h"
#include "engine/rank/served_lists.h"
#include "engine/requests.h"

namespace tamis::engine {

struct TrainingRun {
  std::string generation;           // id
  TimestampMs created_ms = 0;       // written into the manifest
  std::vector<std::string> models;  // of trainable_models()
  ModelSettings settings;
  double holdout = 0.1;                 // share evaluated on; 0: no evaluation
  RankClock clock;                      // how the database counts, for the ranker's features
  std::vector<ServedList> served = {};  // what was shown (load_served_lists()), for the ranker
};

// The fewest interactions that a run learns from.
inline constexpr std::size_t kMinTrainingEvents = 10;

// Evaluates the models on the held-out tail (engine/evaluation.h), learns them from everything, and writes the
// generation to `dir`, which must not exist. Its metrics are empty, and its note says why, where nothing could be held
// out. The result does not depend on control.threads.
// failed_precondition (too little data: the message says what is needed), unavailable (cancelled), resource_exhausted,
// io_error. A failure leaves nothing behind.
Result<GenerationInfo> train_generation(const Dataset& dataset, const TrainingRun& run,
                                        const std::filesystem::path& dir, const RunControl& control);

}  // namespace tamis::engine
