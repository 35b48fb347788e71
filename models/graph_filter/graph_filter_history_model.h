// GraphFilterHistoryModel: the graph filter as it is served. Its file holds the interactions that it filters by.
#pragma once

#include <memory>
#include <vector>

#include "common/status.h"
#include "models/graph_filter/graph_filter.h"
#include "models/history_model.h"
#include "models/train_control.h"

namespace tamis::models {

// Tensors: offsets U64 [users + 1], column U32. Settings: those of graph_filter_table().
class GraphFilterHistoryModel final : public HistoryModel {
 public:
  explicit GraphFilterHistoryModel(GraphFilter filter);
  static Result<std::unique_ptr<HistoryModel>> train(const InteractionMatrix& interactions, const Settings& settings,
                                                     const TrainControl& control);
  static Result<std::unique_ptr<HistoryModel>> load(const SavedHistoryModel& saved);

  std::vector<ScoredId> recommend(std::span<const std::uint32_t> history, std::span<const float> weights, std::size_t k,
                                  const ItemFilter& accepts) const override {
    const LikedHistory liked(history, weights);
    return filter_.recommend(liked.items, liked.weights, k, accepts);
  }
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

 private:
  GraphFilter filter_;
};

}  // namespace tamis::models
