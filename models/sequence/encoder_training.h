// Learning a sequence encoder from a SequenceDataset, with its validation part for early stopping.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/ranking_evaluation.h"
#include "models/sequence/sequence_dataset.h"
#include "models/sequence/sequence_encoder.h"
#include "models/settings.h"
#include "models/train_control.h"

namespace tamis::models {

constexpr std::size_t kValidationDepth = 10;  // the NDCG that early stopping looks at

// EvaluationCases over held-out actions, with the sets that they refer to. REQUIRES: `actions` outlive it.
class HeldOutCases {
 public:
  HeldOutCases(const std::vector<HeldOutAction>& actions, bool remove_seen);
  std::span<const EvaluationCase> all() const { return cases_; }

 private:
  std::vector<std::vector<std::uint32_t>> seen_;
  std::vector<EvaluationCase> cases_;
};

// Early stopping looks at NDCG@k over the validation part (`validation_users` of it, drawn once). REQUIRES: settings in
// force for sequence_model_options(model). Errors: invalid_argument (settings, or nothing to learn from), unavailable
// (cancelled), resource_exhausted (memory).
Result<std::unique_ptr<SequenceEncoder>> train_sequence_encoder(std::string_view model, const Settings& settings,
                                                                const SequenceDataset& data, std::size_t k,
                                                                const TrainControl& control);

}  // namespace tamis::models
