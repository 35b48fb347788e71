// The history models that Tamis trains and loads, by name. A new one is one line in history_model_kinds.cc, its options
// one table in model_options.cc, and its name one in the funnels' retriever kinds.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "common/status.h"
#include "models/history_model.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct HistoryModelKind {
  std::string_view name;
  // Learns from `interactions` [users, items]. `settings` are in force: resolve_settings() gave them for
  // model_options(name). Errors: invalid_argument (settings), resource_exhausted (memory, a catalogue that is too
  // large), failed_precondition, unavailable (cancelled).
  Result<std::unique_ptr<HistoryModel>> (*train)(const InteractionMatrix& interactions, const Settings& settings,
                                                 const TrainControl& control);
  Result<std::unique_ptr<HistoryModel>> (*load)(const SavedHistoryModel& saved);
  double cost = 10;  // expected time of a training run beside the others', for progress bars (iALS: 10)
};

std::span<const HistoryModelKind> history_model_kinds();
// Null for an unknown name.
const HistoryModelKind* find_history_model_kind(std::string_view name);

}  // namespace tamis::models
