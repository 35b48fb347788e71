// What the sequence protocols share: a model is trained on a SequenceDataset and ranks, for each held-out history, all
// items but those of the history.
#pragma once

#include <string_view>

#include "common/status.h"
#include "models/evaluate/evaluation_report.h"
#include "models/sequence/sequence_dataset.h"
#include "models/train_control.h"

namespace tamis::models {

// The models that rank histories: "popular", "item_knn", "ials", "sasrec", "bert4rec".
const std::vector<std::string>& sequence_protocol_models();

// A model's options and those of the protocol: k, report, remove_seen, resamples.
Result<std::vector<ModelOption>> sequence_protocol_options(std::string_view model);
// `settings` checked against them, with the defaults filled in. Errors: invalid_argument.
Result<Settings> resolve_sequence_settings(std::string_view model, const Settings& settings);

// Trains on data.train, with data.validation for early stopping, and reports the metrics on data.test (or on the
// validation part, for tuning). REQUIRES: settings come from resolve_sequence_settings.
Result<EvaluationReport> evaluate_sequences(std::string_view protocol, const SequenceDataset& data,
                                            std::string_view model, const Settings& settings,
                                            const TrainControl& control);

}  // namespace tamis::models
