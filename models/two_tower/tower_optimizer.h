// TowerOptimizer: Adam for a tower, on the touched rows of its tables and on its network.
#pragma once

#include <vector>

#include "common/status.h"
#include "models/nn/adam.h"
#include "models/nn/sparse_optimizer.h"
#include "models/train_control.h"
#include "models/two_tower/tower.h"

namespace tamis::models {

// Borrowed tables are left to the tower that owns them. Externally synchronised.
class TowerOptimizer {
 public:
  TowerOptimizer(const Tower& tower, const nn::AdamOptions& options);
  Status step(Tower& tower, const Tower::TowerGradients& gradients, double rate_scale, const TrainControl& control);
  // Zeros for rows that still are as drawn: what was never seen says nothing.
  void forget_unmoved(Tower& tower) const;

 private:
  nn::Adam network_;
  std::vector<nn::SparseAdam> tables_;
  std::vector<std::vector<bool>> moved_;  // by table and row
};

}  // namespace tamis::models
