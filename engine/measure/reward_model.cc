#include "engine/measure/reward_model.h"

#include <algorithm>

namespace tamis::engine {

void RewardModel::add(DenseId item, std::size_t position, double reward) {
  if (positions_.size() <= position) positions_.resize(position + 1);
  positions_[position].slots += 1;
  positions_[position].reward += reward;
  auto& by_position = items_[item];
  const auto found =
      std::find_if(by_position.begin(), by_position.end(), [&](const auto& entry) { return entry.first == position; });
  Sum& sum = found == by_position.end() ? by_position.emplace_back(static_cast<std::uint32_t>(position), Sum{}).second
                                        : found->second;
  sum.slots += 1;
  sum.reward += reward;
}

void RewardModel::fit() {
  double slots = 0, reward = 0;
  for (const Sum& position : positions_) {
    slots += position.slots;
    reward += position.reward;
  }
  mean_ = slots > 0 ? reward / slots : 0;
  position_means_.clear();
  for (const Sum& position : positions_)
    position_means_.push_back((position.reward + kPrior * mean_) / (position.slots + kPrior));
  item_factors_.clear();
  for (const auto& [item, by_position] : items_) {
    double earned = 0, expected = 0;
    for (const auto& [position, sum] : by_position) {
      earned += sum.reward;
      expected += sum.slots * position_means_[position];
    }
    const double prior = kPrior * mean_;
    item_factors_[item] = expected + prior > 0 ? (earned + prior) / (expected + prior) : 1;
  }
}

double RewardModel::predict(DenseId item, std::size_t position) const {
  const double base = position < position_means_.size() ? position_means_[position] : mean_;
  const auto factor = item_factors_.find(item);
  return factor == item_factors_.end() ? base : base * factor->second;
}

}  // namespace tamis::engine
