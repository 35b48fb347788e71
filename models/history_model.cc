#include "models/history_model.h"

namespace tamis::models {

LikedHistory::LikedHistory(std::span<const std::uint32_t> history, std::span<const float> history_weights) {
  for (std::size_t h = 0; h < history.size(); ++h) {
    if (!history_weights.empty() && history_weights[h] < 0) continue;
    items.push_back(history[h]);
    if (!history_weights.empty()) weights.push_back(history_weights[h]);
  }
}

}  // namespace tamis::models
