// The options of PinSage; docs/models.md says why the defaults are what they are.
#pragma once

#include <cstdint>
#include <vector>

#include "models/nn/candidate_loss.h"
#include "models/option_table.h"
#include "models/pinsage/walk_neighbors.h"
#include "models/settings.h"

namespace tamis::models {

struct PinSageOptions {
  std::uint32_t dim = 64;      // of the vectors
  std::uint32_t hidden = 128;  // of what neighbours send
  WalkOptions walks = {.neighbors = 5};
  bool rectify = false;     // whether the first convolution ends in a ReLU, as in the paper
  bool item_id = true;      // whether items have a vector of their own beside their features
  double id_dropout = 0.1;  // share of items with features that train as new: without id and neighbours
  std::uint32_t feature_buckets = 65'536;
  nn::CandidateLossKind loss = nn::CandidateLossKind::kSoftmax;  // or kMargin
  double margin = 0.3;                                           // of kMargin
  double temperature = 0.1;                                      // of kSoftmax, corrected by logQ
  std::uint32_t hard_negatives = 2;                              // per row, reached epoch by epoch from none
  std::uint32_t uniform_negatives = 1024;                        // per step, beside the batch's own targets
  std::uint32_t batch = 512;                                     // rows (users) per step
  double target_share = 0.5;                                     // of a history that a row predicts from the rest
  std::uint32_t max_targets = 32;                                // per row
  std::uint32_t max_history = 200;
  std::uint32_t epochs = 5;
  double learning_rate = 0.01;
  double init_stddev = 0.1;
  std::uint64_t seed = 42;
};

std::vector<ModelOption> pinsage_table();
// REQUIRES: resolve_settings() gave them for pinsage_table().
PinSageOptions pinsage_options(const Settings& settings);

}  // namespace tamis::models
