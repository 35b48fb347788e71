// ContentEncoder: items where their text puts them, users at the weighted mean of what they met lately. It learns
// nothing from interactions, so an item counts from the moment that it is described.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "models/content/content_options.h"
#include "models/content/text_embedder.h"
#include "models/encoder.h"
#include "models/train_control.h"
#include "models/training_data.h"

namespace tamis::models {

// Tensors: item_vectors [items, dim], rows of length 1 or zeros. builtin: idf [buckets] and, under svd, projection
// [buckets, dim]. word_vectors: words (U8, one a line), word_vectors [words, dim], word_weights [words]. endpoint:
// none, the embedder is asked for at load by the name of its model; where that fails, items stay where they are, and
// texts and new items are refused with the reason. Settings: embedder, fields, max_history,
// disliked_weight, those of the built-in
// embedder, model and dimensions.
class ContentEncoder final : public Encoder {
 public:
  static Result<std::unique_ptr<Encoder>> load(const SavedEncoder& saved);

  struct Parts {
    Settings settings = {};  // in force
    std::uint32_t users = 0;
    std::uint32_t items = 0;
    std::shared_ptr<const TextEmbedder> embedder = nullptr;  // null: `refusal` says why
    Status refusal = {};
    std::uint32_t dim = 0;
    std::vector<float> item_vectors = {};
  };
  explicit ContentEncoder(Parts parts);

  std::span<const float> item_vectors() const override { return parts_.item_vectors; }
  // failed_precondition where no event of the history has a vector.
  Status embed_user(const UserInput& user, std::span<float> out) const override;
  bool embeds_new_items() const override { return true; }
  Status embed_item(const Features& features, std::span<float> out) const override;
  Result<std::vector<float>> embed_items(std::span<const Features* const> items) const override;
  bool embeds_texts() const override { return true; }
  Status embed_text(std::string_view text, std::span<float> out) const override;
  bool asks_server() const override { return options_.embedder == TextEmbedderKind::kEndpoint; }
  // The mean is a sum over the history, so the score is, too.
  bool explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  Status place(std::string_view text, std::span<float> out) const;
  // Takes what the user turned down from a mean (Rocchio 1971).
  void turn_away(std::span<const HistoryEvent> negatives, std::span<float> out) const;
  std::span<const float> row(std::uint32_t item) const {
    return std::span(parts_.item_vectors).subspan(std::size_t{item} * parts_.dim, parts_.dim);
  }

  Parts parts_;
  ContentOptions options_;
  std::string words_;  // what the tensor `words` holds
};

// failed_precondition where no item has a text, or the endpoint is not configured; the endpoint's errors.
Result<std::unique_ptr<Encoder>> train_content_encoder(const TrainingData& data, const Settings& settings,
                                                       const TrainControl& control);

}  // namespace tamis::models
