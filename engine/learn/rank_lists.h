// RankList: a request of the past with the candidates that it would have had, and what the user then did: what a ranker
// learns from and is measured on.
#pragma once

#include <string>
#include <vector>

#include "engine/learn/learned_models.h"
#include "engine/learn/rank_world.h"
#include "engine/learn/run_control.h"
#include "engine/serving/rank_query.h"
#include "engine/settings/ranker_settings.h"

namespace tamis::engine {

// What counts as success: an interaction of a type, where told with a value of at least so much ("watch>=30").
struct RankObjective {
  std::string name;  // as a formula calls it: that of the type
  std::uint32_t type = 0;
  double least_value = 0;
  bool has_least = false;
};

struct RankList {
  std::uint32_t user = 0;
  TimestampMs now_ms = 0;
  const Features* context = nullptr;    // of the request; null where it was never made
  std::vector<std::uint32_t> items;     // candidates by row, in the order of the merged retrieval
  std::vector<std::uint32_t> labels;    // of each: bit o is set where objective o was reached
  std::vector<std::uint32_t> relevant;  // ascending: all that the user took, candidates or not
  std::vector<std::uint32_t> disliked;  // ascending: all that the user turned down, likewise
};

// A span of time whose lists are made with models of what came before it.
struct RankWindow {
  std::size_t begin = 0;  // of dataset.events
  std::size_t end = 0;
  TimestampMs begin_ms = 0;
  TimestampMs end_ms = 0;  // exclusive
};

// The models of a run as the ranker reads them. Holds what LearnedModels does not: the interactions by item.
struct RankRetrieval {
  LearnedModels learned;
  models::InteractionMatrix matrix;
  models::InteractionMatrix by_item;
  std::vector<float> user_norms;
  RankModels view() const;
};
// Learns `names` (of trainable_models(), dlrm and popular left out) from events [0, end).
Result<RankRetrieval> learn_retrieval(const Dataset& dataset, std::size_t end, const std::vector<std::string>& names,
                                      const ModelSettings& settings, const RunControl& control);
// The models of `names` whose scores a ranker reads: all that answer by the user.
std::vector<std::string> retrieval_models(const std::vector<std::string>& names);

// Lists of the users who have a history before the window and took something within it, in the order of time.
// Candidates are the merged best of each model and of the trend at the window's begin. unavailable (cancelled).
Result<std::vector<RankList>> make_rank_lists(const RankWorld& world, const RankWindow& window,
                                              const RankModels& models, const std::vector<std::string>& names,
                                              const std::vector<RankObjective>& objectives,
                                              const RankListOptions& options, const models::TrainControl& control);

}  // namespace tamis::engine
