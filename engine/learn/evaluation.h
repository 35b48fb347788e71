// Hold-out evaluation by time: how well would models that learned until a moment have foreseen what came after it?
//
// The newest `holdout` share of the interactions is the tail. Every model learns from the rest alone. Evaluated are the
// users with a history before the cut and something in the tail, over all items that the head knows or the tail brings:
//   recall@k, ndcg@k          right is what the user had not met before the cut; what they had is not recommended.
//                             This is what a funnel with exclude_seen does, and what the gate compares.
//   recall_all@k, ndcg_all@k  right is whatever they took in the tail, re-purchases included; nothing is excluded.
// k is 10 and 20. Binary relevance, ideal list of min(|relevant|, k), mean over users; full ranking, no sampling.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "engine/learn/dataset.h"
#include "engine/learn/learn_ranker.h"
#include "engine/learn/learned_models.h"
#include "engine/learn/rank_world.h"
#include "engine/learn/run_control.h"
#include "engine/learn/served_lists.h"
#include "engine/options.h"
#include "engine/settings/model_settings.h"
#include "models/kinds/model_options.h"
#include "storage/store.h"

namespace tamis::engine {

// The models that an evaluation learned, from what came before the cut.
struct TrialModels {
  LearnedModels models;
  std::vector<LearnedObjective> ranker;
  models::InteractionMatrix interactions;  // [users, items]
};

struct TimeSplitOptions {
  double holdout = 0.1;  // share of the interactions, newest, above 0 and below 1
  std::vector<std::string> models = {"popular", "item_knn", "user_knn", "ials"};
  ModelSettings settings = {};
  std::size_t max_users = 0;                        // measured on; more are sampled evenly. 0: all
  RankClock clock = {};                             // how the database counts, for the ranker's features
  const std::vector<ServedList>* served = nullptr;  // what was shown, for the ranker; may be null
  // Receives the models that failed, with why; null: the first failure ends the evaluation.
  std::map<std::string, std::string>* left_out = nullptr;
  TrialModels* keep = nullptr;  // receives what was learned; null: each model goes once it is measured
};

struct ModelEvaluation {
  std::string model;
  std::map<std::string, double> metrics;
  double train_s = 0;
  double evaluate_s = 0;
};

struct TimeSplitReport {
  TimestampMs cut_ms = 0;  // the first moment of the tail
  std::uint64_t head_interactions = 0;
  std::uint64_t tail_interactions = 0;
  std::uint64_t users = 0;      // of recall@k
  std::uint64_t users_all = 0;  // of recall_all@k
  std::vector<ModelEvaluation> models;
};

// invalid_argument (an option), failed_precondition (too little data: the message says what is needed), unavailable
// (cancelled).
Result<TimeSplitReport> evaluate_time_split(const Dataset& dataset, const TimeSplitOptions& options,
                                            const RunControl& control);

// The same on a database's interactions, with its training options and weights.
Result<TimeSplitReport> evaluate_time_split(const storage::Store& store, const DatabaseOptions& options,
                                            const RunControl& control);

}  // namespace tamis::engine
