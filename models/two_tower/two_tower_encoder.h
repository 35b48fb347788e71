// TwoTowerEncoder: a trained two-tower model as an encoder. A user is embedded at query time from the latest history,
// the id where the model has seen the user, profile and context; new items by their features.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/encoder.h"
#include "models/train_control.h"
#include "models/training_data.h"
#include "models/two_tower/train_two_tower.h"
#include "models/two_tower/two_tower.h"

namespace tamis::models {

// Tensors: item_vectors, user_vectors; user_tower.<input>, item_tower.<input> (the tables that there are, [rows, dim]),
// user_tower.network and item_tower.network (flat, where hidden > 0); item_token_offsets, item_token_ids,
// item_token_weights (the items' features, as bags); user_numeric_fields and item_numeric_fields (U8, JSON).
// Settings: dim, hidden, similarity, user_id, item_id, shared_history, history_exponent, max_history, feature_buckets.
class TwoTowerEncoder final : public Encoder {
 public:
  static std::unique_ptr<Encoder> create(TwoTowerModel model, TowerVectors vectors);
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override { return vectors_.items; }
  std::span<const float> user_vectors() const override { return vectors_.users; }
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  bool embeds_new_items() const override;
  Status embed_item(const Features& features, std::span<float> out) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  TwoTowerEncoder(EncoderShape shape, TwoTowerModel model, TowerVectors vectors);

  TwoTowerModel model_;
  TowerVectors vectors_;
  std::string user_fields_, item_fields_;  // what user_numeric_fields and item_numeric_fields hold
};

Result<std::unique_ptr<Encoder>> train_two_tower_encoder(const TrainingData& data, const Settings& settings,
                                                         const TrainControl& control);

}  // namespace tamis::models
