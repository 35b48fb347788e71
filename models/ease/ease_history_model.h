// EaseHistoryModel: EASE as it is served: of every item the weights to others that are largest by magnitude, signs
// kept, so that a request costs the history's length times `neighbors` and the file that times the items.
#pragma once

#include <memory>
#include <vector>

#include "common/status.h"
#include "models/ease/ease.h"
#include "models/history_model.h"
#include "models/interaction_matrix.h"
#include "models/option_table.h"
#include "models/train_control.h"

namespace tamis::models {

// Tensors: offsets U64 [items + 1], neighbor U32 (ascending within a row), weight F32. Settings: disliked_weight,
// and candidates where the solution is the sparse one. A history counts each item once, as training does: of weights
// only the sign counts.
class EaseHistoryModel final : public HistoryModel {
 public:
  // `neighbors` weights are kept per item; 0: all, which gives score_ease()'s scores.
  EaseHistoryModel(const EaseModel& model, std::uint32_t users, std::uint32_t neighbors,
                   double disliked_weight = EaseOptions().disliked_weight);
  static Result<std::unique_ptr<HistoryModel>> train(const InteractionMatrix& interactions, const Settings& settings,
                                                     const TrainControl& control);
  static Result<std::unique_ptr<HistoryModel>> load(const SavedHistoryModel& saved);

  std::vector<ScoredId> recommend(std::span<const std::uint32_t> history, std::span<const float> weights, std::size_t k,
                                  const ItemFilter& accepts) const override;
  bool explain(std::span<const std::uint32_t> history, std::span<const float> weights, std::uint32_t item,
               std::span<double> shares) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  explicit EaseHistoryModel(HistoryModelShape shape) : HistoryModel(std::move(shape)) {}
  // Keeps the `neighbors` weights of the row that are largest by magnitude. Reorders the row.
  void add_row(std::vector<ScoredId>& row, std::size_t neighbors);

  double disliked_weight_ = 0;
  std::uint32_t candidates_ = 0;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> neighbor_;
  std::vector<float> weight_;
};

}  // namespace tamis::models
