// SequenceModel: SASRec and BERT4Rec as encoders of one space (encoder.h). A user is embedded at query time from the
// newest actions, in their order; items are the rows of the item embedding.
#pragma once

#include <memory>
#include <span>

#include "models/encoder.h"
#include "models/sequence/sequence_encoder.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

// Tensors: item_vectors [items, dim], mask_vector [dim] (bert4rec), and the slices of the network by their names with
// underscores (position_embedding, block0_attention_query_weight, ...). Settings: blocks, heads, inner, max_length.
class SequenceModel final : public Encoder {
 public:
  // REQUIRES: kind is "sasrec" or "bert4rec", as the encoder's options say.
  SequenceModel(std::string kind, std::unique_ptr<SequenceEncoder> encoder, std::uint32_t users);
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override;
  // From the order of the history alone: weights, row and features are not looked at. About 0.1 ms for 50 actions at
  // 64 dimensions and two blocks.
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  std::unique_ptr<const SequenceEncoder> encoder_;  // large, and never moved while in use
};

// Learns from each user's events in the order of time; the last action of some users is kept for early stopping
// (`validation_users`; 0: of up to 2,000). An item without an event keeps a row of zeros.
Result<std::unique_ptr<Encoder>> train_sasrec(const TrainingData& data, const Settings& settings,
                                              const TrainControl& control);
Result<std::unique_ptr<Encoder>> train_bert4rec(const TrainingData& data, const Settings& settings,
                                                const TrainControl& control);

}  // namespace tamis::models
