// PinSageEncoder: a trained PinSage model as an encoder. Users are embedded at query time from their history, new items
// from their features.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/encoder.h"
#include "models/pinsage/train_pinsage.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

// Tensors: item_vectors, user_vectors, network (flat), first_sent and second_sent [items, hidden], and where items have
// features item_features [feature_buckets, dim] and item_numeric_fields (U8, JSON).
// Settings: hidden, rectify, max_history, feature_buckets.
class PinSageEncoder final : public Encoder {
 public:
  static std::unique_ptr<Encoder> create(PinSageModel model, PinSageVectors vectors);
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override { return vectors_.items; }
  std::span<const float> user_vectors() const override { return vectors_.users; }
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  bool embeds_new_items() const override { return model_.has_features(); }
  Status embed_item(const Features& features, std::span<float> out) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  PinSageEncoder(EncoderShape shape, PinSageModel model, PinSageVectors vectors);

  PinSageModel model_;
  PinSageVectors vectors_;
  std::string item_fields_;  // what item_numeric_fields holds
};

Result<std::unique_ptr<Encoder>> train_pinsage_encoder(const TrainingData& data, const Settings& settings,
                                                       const TrainControl& control);

}  // namespace tamis::models
