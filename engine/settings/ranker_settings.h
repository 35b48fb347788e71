// RankerSettings: the options of the model "dlrm" of a training run, as training.settings.dlrm gives them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/settings/model_settings.h"
#include "models/option_table.h"
#include "models/settings.h"
#include "ranker/calibration.h"
#include "ranker/dlrm.h"
#include "ranker/train_dlrm.h"

namespace tamis::engine {

// How the lists that a ranker learns from are made.
struct RankListOptions {
  std::uint32_t candidates = 200;  // of one list
  bool repeats = false;            // whether items that the user had taken before are candidates
  bool sessions = true;            // a list at each visit of a user in the window too, not at its begin alone
  std::uint32_t max_lists = 20'000;
};

struct RankerSettings {
  RankListOptions lists;
  double window = 0.1;                  // share of the interactions that one window of lists spans
  std::uint32_t windows = 2;            // consecutive ones, the newest at the end of what is learned from
  std::uint32_t negatives = 30;         // of a list, drawn from its candidates
  std::uint32_t uniform_negatives = 5;  // drawn from the whole catalogue
  std::uint32_t min_served = 500;       // successes among served lists from which on those are the examples of a window
  double valid_share = 0.15;            // of users, for the early stop and the calibration
  std::vector<std::string> objectives;  // "purchase", "watch>=30"; empty: the types that there is enough of
  std::vector<std::string> features;    // ranker.features; empty: default_rank_features()
  ranker::DlrmOptions model;
  ranker::DlrmTrainOptions training;
  ranker::Calibration calibration = ranker::Calibration::kPlatt;
  std::uint64_t min_count = 5;  // categories of fewer items or users share the unknown row
};

// The options by name, for the configuration and the documents.
std::vector<models::ModelOption> ranker_options();
// `settings` with the defaults filled in, checked. invalid_argument at the key.
Result<models::Settings> resolve_ranker_settings(const models::Settings& settings);
// REQUIRES: resolve_ranker_settings gave them.
Result<RankerSettings> parse_ranker_settings(const models::Settings& settings);
// Those of a run.
Result<RankerSettings> ranker_settings(const ModelSettings& settings);

inline bool has_ranker(const std::vector<std::string>& models) { return contains(models, "dlrm"); }
// Whether a run may learn a ranker: one that finds its models may.
inline bool may_rank(const std::vector<std::string>& models) { return has_ranker(models) || is_automatic(models); }

}  // namespace tamis::engine
