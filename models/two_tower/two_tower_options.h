// The options of the two-tower model; docs/models.md says why the defaults are what they are.
#pragma once

#include <cstdint>
#include <vector>

#include "models/nn/candidate_loss.h"
#include "models/option_table.h"
#include "models/settings.h"

namespace tamis::models {

struct TwoTowerOptions {
  std::uint32_t dim = 128;
  std::uint32_t hidden = 0;      // width of each tower's residual network; 0: none
  bool user_id = false;          // whether the user tower has a vector per user
  bool item_id = true;           // whether the item tower has a vector per item
  bool shared_history = true;    // whether a history is pooled from the item tower's tables or from ones of its own
  double context_dropout = 0.3;  // share of rows that train without a context, 0..1
  double id_dropout = 0.1;       // share of rows that train without their id, where something else tells them apart
  std::uint32_t feature_buckets = 65'536;
  double history_exponent = 0.5;    // the history is summed, divided by its length to this power; 1: the mean
  std::uint32_t max_history = 200;  // items considered

  bool cosine = true;  // vectors of length 1
  nn::CandidateLossOptions loss = {.inverse_temperature = 1 / 0.08F, .margin = 0.5F, .negative_weight = 100};
  bool logq_correction = true;             // Yi et al. 2019, over in-batch and uniform negatives together
  std::uint32_t uniform_negatives = 1024;  // per step, beside the batch's own targets (Yang et al. 2020)
  std::uint32_t batch = 256;               // rows (users) per step
  double target_share = 0.5;               // of a history that a row predicts from the rest
  std::uint32_t max_targets = 32;          // per row
  std::uint32_t epochs = 15;
  double learning_rate = 0.01;
  double weight_decay = 0;
  double init_stddev = 0.1;
  double max_train_s = 0;  // 0: no limit
  std::uint64_t seed = 42;
};

std::vector<ModelOption> two_tower_table();
// REQUIRES: resolve_settings() gave them for two_tower_table().
TwoTowerOptions two_tower_options(const Settings& settings);

}  // namespace tamis::models
