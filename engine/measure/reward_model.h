// RewardModel: a simple guess of what an item earns at a position, for the doubly robust estimate. Position and item
// act as factors, m(a, j) = position_j * item_a, each smoothed towards the mean by `kPrior` slots.
//
// Two of them are fitted on halves of the users, and each list takes the one that has not seen its user
// (cross-fitting; Chernozhukov et al. 2018), so that the model's fit to noise does not bias the estimate.
#pragma once

#include <array>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "common/ids.h"

namespace tamis::engine {

class RewardModel {
 public:
  static constexpr double kPrior = 20;

  // First all slots of every list, then fit(), then predict(). Externally synchronised.
  void add(DenseId item, std::size_t position, double reward);
  void fit();
  double predict(DenseId item, std::size_t position) const;

 private:
  struct Sum {
    double slots = 0;
    double reward = 0;
  };
  std::vector<Sum> positions_;
  std::unordered_map<DenseId, std::vector<std::pair<std::uint32_t, Sum>>> items_;  // by position
  std::unordered_map<DenseId, double> item_factors_;
  std::vector<double> position_means_;
  double mean_ = 0;
};

class CrossFittedReward {
 public:
  void add(std::uint64_t user, DenseId item, std::size_t position, double reward) {
    models_[user % 2].add(item, position, reward);
  }
  void fit() {
    for (RewardModel& model : models_) model.fit();
  }
  // The model that has not seen the user.
  const RewardModel& for_user(std::uint64_t user) const { return models_[1 - user % 2]; }

 private:
  std::array<RewardModel, 2> models_;
};

}  // namespace tamis::engine
