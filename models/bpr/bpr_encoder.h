// BprEncoder: BPR-MF as an encoder. Whoever has a history is folded in from it at query time, so that what a user just
// did counts; O(history * dim^2 + dim^3).
#pragma once

#include <memory>
#include <span>

#include "models/bpr/bpr.h"
#include "models/bpr/bpr_fold_in.h"
#include "models/distinct_items.h"
#include "models/encoder.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

// Tensors: user_factors [users, dim], item_factors [items, dim]. Settings: fold_in_ridge,
// disliked_weight.
class BprEncoder final : public Encoder {
 public:
  BprEncoder(BprModel model, double fold_in_ridge);
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override { return model_.item_factors; }
  std::span<const float> user_vectors() const override { return model_.user_factors; }
  // From the distinct items of the history, as training counts them; without a history, the factor as trained.
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  bool explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  std::vector<float> entries(const DistinctItems& history) const;

  BprModel model_;
  double fold_in_ridge_;
  BprFoldIn fold_in_;
};

// `settings` are in force for bpr_table().
Result<std::unique_ptr<Encoder>> train_bpr_encoder(const TrainingData& data, const Settings& settings,
                                                   const TrainControl& control);

}  // namespace tamis::models
