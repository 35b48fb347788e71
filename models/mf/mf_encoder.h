// MfEncoder: explicit matrix factorisation as an encoder that ranks by predicted rating. An item's bias is its last
// dimension, where every user has a 1; the user's bias and the mean move no item against another and are left out.
//
// A user is folded in from the ratings of the latest history by the ridge regression that training solves for fixed
// item factors; O(history * dim^2 + dim^3).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/encoder.h"
#include "models/mf/mf.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

// Of dimension dim + 1. Tensors: user_factors [users, dim], item_factors [items, dim], user_bias [users], item_bias
// [items], mean [1], range [2]. Settings: regularization, bias_regularization.
class MfEncoder final : public Encoder {
 public:
  explicit MfEncoder(MfModel model);
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override { return item_vectors_; }
  std::span<const float> user_vectors() const override { return user_vectors_; }
  // From the rated events; without any, the factor as trained.
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  MfModel model_;
  std::vector<float> item_vectors_;  // [items, dim + 1]; zeros for an item without ratings
  std::vector<float> user_vectors_;  // [users, dim + 1]; zeros for a user without ratings
};

// Learns from the events that have a rating, of a pair the newest. failed_precondition where there are none.
Result<std::unique_ptr<Encoder>> train_mf_encoder(const TrainingData& data, const Settings& settings,
                                                  const TrainControl& control);

}  // namespace tamis::models
