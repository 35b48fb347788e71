// ImportedEncoder: vectors and a small user tower that were trained elsewhere, in PyTorch say (docs/models.md).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "models/encoder.h"

namespace tamis::models {

// Tensors, f32:
//   item_vectors [items, dim]
//   user_vectors [users, dim]                        optional: users as they were when trained
//   history_vectors [items, width]                   optional, with the layers: the tower's input
//   layer<n>.weight [out, in], layer<n>.bias [out]   n = 0, 1, ...: in of layer0 is width, out of the last is dim
// Setting: history (default 50, 1..10000), how many of the newest actions the tower reads.
//
// A user is the tower's output: the mean of the history vectors of their newest actions, by weight, through the layers,
// ReLU between them. Without a tower (or a history) it is the user's own vector, and for those without one the mean of
// the item vectors of their newest actions.
class ImportedEncoder final : public Encoder {
 public:
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  std::span<const float> item_vectors() const override { return item_vectors_; }
  std::span<const float> user_vectors() const override { return user_vectors_; }
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  struct Layer {
    std::uint32_t in = 0;
    std::uint32_t out = 0;
    std::vector<float> weight;  // [out, in]
    std::vector<float> bias;    // [out]
  };

  explicit ImportedEncoder(EncoderShape shape) : Encoder(std::move(shape)) {}
  Status load_tower(const TensorReader& tensors);
  // The mean, by weight, of the rows of `table` [items, width] of the newest actions.
  std::vector<float> mean_of(std::span<const HistoryEvent> history, std::span<const float> table,
                             std::uint32_t width) const;

  std::uint32_t history_ = 50;
  std::uint32_t width_ = 0;  // of history_vectors_
  std::vector<float> item_vectors_;
  std::vector<float> user_vectors_;
  std::vector<float> history_vectors_;
  std::vector<Layer> layers_;
};

}  // namespace tamis::models
