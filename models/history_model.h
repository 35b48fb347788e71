// HistoryModel: a trained model that answers a history of items with a ranked list of items by itself, where no pair of
// vectors gives its scores: EASE, filters on the interaction graph.
//
// Threads: immutable once made; const functions may be called from any number of threads at once, scratch is
// thread_local. Determinism: results depend on the model and the arguments alone.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "models/matrix_io.h"
#include "models/scored_id.h"
#include "models/settings.h"

namespace tamis::models {

struct HistoryModelShape {
  std::string kind;  // "ease", ...: the entry of history_model_kinds.h that loads it, and its name
  std::uint32_t users = 0;
  std::uint32_t items = 0;
};

// The items of a history that were not turned down, for models that have no use for the others.
struct LikedHistory {
  LikedHistory(std::span<const std::uint32_t> history, std::span<const float> history_weights);
  std::vector<std::uint32_t> items;
  std::vector<float> weights;  // empty where there were none
};

class HistoryModel {
 public:
  // Whether an item may be answered; empty: every one.
  using ItemFilter = std::function<bool(std::uint32_t item)>;

  virtual ~HistoryModel() = default;

  const HistoryModelShape& shape() const { return shape_; }

  // The best k items that `accepts` lets pass, best first, scores above 0; items of the history may be among them.
  // `history` are distinct rows below shape().items with `weights` (one each, or none: all 1); an item of a weight
  // below 0 is one that the user turned down.
  virtual std::vector<ScoredId> recommend(std::span<const std::uint32_t> history, std::span<const float> weights,
                                          std::size_t k, const ItemFilter& accepts) const = 0;

  // How much each item of the history adds to the score of `item`; the shares sum to it. `shares` is [history]. False
  // where the model cannot tell.
  virtual bool explain(std::span<const std::uint32_t> /*history*/, std::span<const float> /*weights*/,
                       std::uint32_t /*item*/, std::span<double> /*shares*/) const {
    return false;
  }

  // Everything beside the tensors that loading needs.
  virtual Settings settings() const = 0;
  // Adds the tensors, of this object's memory; <kind>.safetensors holds them.
  virtual void add_tensors(TensorWriter& writer) const = 0;

 protected:
  explicit HistoryModel(HistoryModelShape shape) : shape_(std::move(shape)) {}
  HistoryModel(const HistoryModel&) = delete;
  HistoryModel& operator=(const HistoryModel&) = delete;

 private:
  HistoryModelShape shape_;
};

// A saved model, for the kind's load function: it checks every shape and value, since the file may come from elsewhere,
// and answers corruption or invalid_argument with the tensor or setting to blame; it never crashes.
struct SavedHistoryModel {
  const HistoryModelShape& shape;
  const Settings& settings;
  const TensorReader& tensors;
};

}  // namespace tamis::models
