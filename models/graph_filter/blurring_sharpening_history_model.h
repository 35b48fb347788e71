// BlurringSharpeningHistoryModel: the blurring-sharpening process as it is served, one request at a time. Its file
// holds the interactions and the singular vectors.
#pragma once

#include <memory>
#include <vector>

#include "common/status.h"
#include "models/graph_filter/blurring_sharpening.h"
#include "models/history_model.h"
#include "models/train_control.h"

namespace tamis::models {

// Tensors: offsets U64 [users + 1], column U32, singular_vectors F32 [items, rank]. Settings: those of
// blurring_sharpening_table() that a request needs. A history counts each item once: weights are not looked at.
class BlurringSharpeningHistoryModel final : public HistoryModel {
 public:
  explicit BlurringSharpeningHistoryModel(BlurringSharpening filter);
  static Result<std::unique_ptr<HistoryModel>> train(const InteractionMatrix& interactions, const Settings& settings,
                                                     const TrainControl& control);
  static Result<std::unique_ptr<HistoryModel>> load(const SavedHistoryModel& saved);

  std::vector<ScoredId> recommend(std::span<const std::uint32_t> history, std::span<const float> weights, std::size_t k,
                                  const ItemFilter& accepts) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  BlurringSharpening filter_;
};

}  // namespace tamis::models
