// Bought together: which items people buy in the same basket more often than chance.
//
// With N baskets, n_i of them holding item i and n_ij holding both, chance alone would give e_ij = n_i n_j / N. The
// lift of a pair, n_ij / e_ij, is shrunk towards 1 by `shrinkage` s, since rare pairs have large lifts by luck:
//   lift_ij = (n_ij + s) / (e_ij + s)
// This is the posterior mean under a gamma prior of mean 1 and shape s (DuMouchel 1999,
// doi:10.1080/00031305.1999.10474456). The pair's score weighs it by how often j comes along with i:
//   score_ij = (n_ij / n_i)^c log lift_ij
// with c `confidence_exponent`: 0 ranks by lift, 1 by what the pair adds to the divergence of i's baskets from all. A
// cart scores an item by the sum of score_ij over its items i.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "models/bought_together/baskets.h"
#include "models/history_model.h"
#include "models/option_table.h"
#include "models/train_control.h"

namespace tamis::models {

struct BoughtTogetherOptions {
  BasketOptions baskets;
  double shrinkage = 10;           // s, 0.01..1e6
  double confidence_exponent = 1;  // c, 0..1
  std::uint32_t support = 5;       // baskets that hold a pair, for it to count as strict; 1..1000000
  std::uint32_t neighbors = 200;   // pairs kept per item, the best; 1..10000
};

std::vector<ModelOption> bought_together_table();
// REQUIRES: resolve_settings gave `settings` for bought_together_table().
BoughtTogetherOptions bought_together_options(const Settings& settings);

// One item that goes with a cart.
struct BoughtTogetherItem {
  std::uint32_t item = 0;
  double score = 0;           // the sum of the pairs' scores, above 0
  std::uint32_t because = 0;  // the cart's item with the strongest pair
  double lift = 0;            // of that pair, n_ij / e_ij as it was counted
  double confidence = 0;      // of that pair: the share of the baskets with `because` that hold the item
  std::uint32_t baskets = 0;  // that hold that pair
};

// Tensors: offsets U64 [items + 1], neighbor U32 (ascending within a row), score F32, baskets U32, and item_baskets
// U32 [items]. Settings: support, baskets (their number) and gap_minutes.
class BoughtTogetherModel final : public HistoryModel {
 public:
  // Counts the baskets, [baskets, items]. `users` is for the shape alone. unavailable (cancelled).
  static Result<std::unique_ptr<BoughtTogetherModel>> count(const InteractionMatrix& baskets, std::uint32_t users,
                                                            const BoughtTogetherOptions& options,
                                                            const TrainControl& control);
  // failed_precondition where the data have no baskets.
  static Result<std::unique_ptr<HistoryModel>> train(const TrainingData& data, const Settings& settings,
                                                     const TrainControl& control);
  static Result<std::unique_ptr<HistoryModel>> load(const SavedHistoryModel& saved);

  // The best k for a cart of distinct items, best first. Pairs in fewer than `support` baskets do not count. Items of
  // the cart are not among them.
  std::vector<BoughtTogetherItem> complete(std::span<const std::uint32_t> cart, std::uint32_t support, std::size_t k,
                                           const ItemFilter& accepts) const;

  // Strict pairs of the liked items, weights ignored.
  std::vector<ScoredId> recommend(std::span<const std::uint32_t> history, std::span<const float> weights, std::size_t k,
                                  const ItemFilter& accepts) const override;
  bool explain(std::span<const std::uint32_t> history, std::span<const float> weights, std::uint32_t item,
               std::span<double> shares) const override;
  Settings settings() const override;
  void add_tensors(TensorWriter& writer) const override;

  std::uint32_t support() const { return support_; }
  std::uint32_t basket_count() const { return baskets_; }
  double gap_minutes() const { return gap_minutes_; }
  // How many baskets hold the item.
  std::uint32_t baskets_of(std::uint32_t item) const { return item_baskets_[item]; }

 private:
  explicit BoughtTogetherModel(HistoryModelShape shape) : HistoryModel(std::move(shape)) {}
  // The entry of the pair, or -1.
  std::int64_t find_pair(std::uint32_t item, std::uint32_t other) const;

  std::uint32_t support_ = 1;
  std::uint32_t baskets_ = 0;
  double gap_minutes_ = 0;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> neighbor_;
  std::vector<float> score_;
  std::vector<std::uint32_t> together_;  // baskets that hold the pair
  std::vector<std::uint32_t> item_baskets_;
};

}  // namespace tamis::models
