// The history models that Tamis trains, loads and serves, by name. A new one is a row in history_model_kinds.cc beside
// files of its own: training, generations, retrievers, settings and documents take it from there.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/history_model.h"
#include "models/interaction_matrix.h"
#include "models/option_table.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

struct HistoryModelKind {
  std::string_view name;
  // Learns from `interactions` [users, items]. `settings` are in force: resolve_settings() gave them for
  // model_options(name). Errors: invalid_argument (settings), resource_exhausted (memory, a catalogue that is too
  // large), failed_precondition, unavailable (cancelled).
  Result<std::unique_ptr<HistoryModel>> (*train)(const InteractionMatrix& interactions, const Settings& settings,
                                                 const TrainControl& control) = nullptr;
  // In the place of `train`, of a kind that reads single events: their times, types and baskets.
  Result<std::unique_ptr<HistoryModel>> (*train_events)(const TrainingData& data, const Settings& settings,
                                                        const TrainControl& control) = nullptr;
  Result<std::unique_ptr<HistoryModel>> (*load)(const SavedHistoryModel& saved) = nullptr;
  std::vector<ModelOption> (*options)() = nullptr;
  double cost = 10;  // expected time of a training run beside the others', for progress bars (iALS: 10)
  // Whether it answers a cart rather than a person: nothing ranks by it or compares it with what people took later.
  bool is_of_carts = false;
  bool walks_over_users =
      false;  // one answer costs so much that a ranker does not ask for a second one by recent events
};

std::span<const HistoryModelKind> history_model_kinds();
// Null for an unknown name.
const HistoryModelKind* find_history_model_kind(std::string_view name);

}  // namespace tamis::models
