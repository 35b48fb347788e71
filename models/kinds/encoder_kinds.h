// The encoders that Tamis trains and loads, by name. A new model is a row in encoder_kinds.cc beside files of its own.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/encoder.h"
#include "models/option_table.h"
#include "models/settings.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

struct EncoderKind {
  std::string_view name;
  // Learns an encoder of that name. `settings` are in force: resolve_settings() gave them for model_options(name). Null
  // where Tamis does not train the kind. Errors: invalid_argument (data or settings), failed_precondition (too little
  // data), unavailable (cancelled), resource_exhausted (memory).
  Result<std::unique_ptr<Encoder>> (*train)(const TrainingData& data, const Settings& settings,
                                            const TrainControl& control);
  Result<std::unique_ptr<Encoder>> (*load)(const SavedEncoder& saved);
  std::vector<ModelOption> (*options)() = nullptr;  // null where Tamis does not train the kind
  bool uses_features = false;                       // whether train() reads features, which are then loaded
  bool needs_interactions = true;  // whether train() learns from events; false: it takes data without any
  double cost = 10;                // expected time of a training run beside the others', for progress bars (iALS: 10)
};

std::span<const EncoderKind> encoder_kinds();
// Null for an unknown name.
const EncoderKind* find_encoder_kind(std::string_view name);

}  // namespace tamis::models
