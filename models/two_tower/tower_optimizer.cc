#include "models/two_tower/tower_optimizer.h"

#include <algorithm>

namespace tamis::models {

TowerOptimizer::TowerOptimizer(const Tower& tower, const nn::AdamOptions& options)
    : network_(tower.network(), options) {
  for (std::size_t t = 0; t < tower.tables(); ++t) {
    const nn::EmbeddingTable none;
    tables_.emplace_back(tower.borrows(t) ? none : tower.table(t), options);
    moved_.emplace_back(tower.borrows(t) ? 0 : tower.table(t).rows(), false);
  }
}

Status TowerOptimizer::step(Tower& tower, const Tower::TowerGradients& gradients, double rate_scale,
                            const TrainControl& control) {
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    if (tower.borrows(t)) continue;
    TAMIS_RETURN_IF_ERROR(tables_[t].step(tower.table(t), *gradients.tables[t], control, rate_scale));
    for (const std::uint32_t row : gradients.tables[t]->touched()) moved_[t][row] = true;
  }
  network_.step(tower.network(), gradients.network, rate_scale);
  return Status::ok();
}

void TowerOptimizer::forget_unmoved(Tower& tower) const {
  for (std::size_t t = 0; t < moved_.size(); ++t) {
    nn::EmbeddingTable& table = tower.table(t);
    for (std::uint32_t row = 0; row < moved_[t].size(); ++row) {
      if (!moved_[t][row]) std::fill_n(table.row(row), table.dim(), 0.0F);
    }
  }
}

}  // namespace tamis::models
