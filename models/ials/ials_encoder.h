// IalsEncoder: iALS as an encoder. A user is folded in from the latest history by the closed-form solve (Hu, Koren &
// Volinsky 2008), so that what a user just did counts; O(history * dim^2 + dim^3).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/encoder.h"
#include "models/ials/ials.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

// Tensors: user_factors [users, dim], item_factors [items, dim]. Settings: those of IalsOptions that the fold-in needs;
// unobserved_weight is absolute there, in the unit of the events' weights.
class IalsEncoder final : public Encoder {
 public:
  // resource_exhausted where memory does not suffice for the Gramian.
  static Result<std::unique_ptr<Encoder>> create(IalsModel model);
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override { return model_.item_factors; }
  std::span<const float> user_vectors() const override { return model_.user_factors; }
  // From the history alone: neither the row nor the features are looked at.
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  // The half-step of training for one item, against the users given and the trained users' Gramian.
  bool refits_items() const override { return !model_.user_factors.empty(); }
  Status refit_item(std::span<const float> users, std::span<const float> weights, std::span<float> out) const override;
  // Hu, Koren & Volinsky 2008, section 5: the score is a sum over the history.
  bool explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  explicit IalsEncoder(IalsModel model);

  IalsModel model_;
  IalsFoldIn fold_in_;
  std::vector<float> user_gramian_;  // [dim, dim], alpha_0 * P^T P
};

// unobserved_weight of `settings` is relative here: in units of the mean weight of a user's pair with an item, so that
// it means the same whatever interactions weigh.
Result<std::unique_ptr<Encoder>> train_ials_encoder(const TrainingData& data, const Settings& settings,
                                                    const TrainControl& control);

}  // namespace tamis::models
