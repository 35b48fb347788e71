#include "models/ease/ease_history_model.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "models/ease/ease_options.h"
#include "models/encoder.h"
#include "models/ragged_tensors.h"
#include "models/sparse_accumulator.h"

namespace tamis::models {

EaseHistoryModel::EaseHistoryModel(const EaseModel& model, std::uint32_t users, std::uint32_t neighbors,
                                   double disliked_weight)
    : HistoryModel({.kind = "ease", .users = users, .items = model.items}),
      disliked_weight_(disliked_weight),
      candidates_(model.candidates),
      offsets_{0} {
  const SparseRows& sparse = model.sparse_weights;
  std::vector<ScoredId> row;
  for (std::size_t item = 0; item < model.items; ++item) {
    row.clear();
    if (model.is_sparse()) {
      for (std::uint64_t n = sparse.offsets[item]; n < sparse.offsets[item + 1]; ++n)
        row.push_back({sparse.column[n], sparse.weight[n]});
    } else {
      for (std::uint32_t other = 0; other < model.items; ++other)
        row.push_back({other, model.weights[item * model.items + other]});
    }
    add_row(row, neighbors == 0 ? row.size() : neighbors);
  }
}

void EaseHistoryModel::add_row(std::vector<ScoredId>& row, std::size_t neighbors) {
  const auto end = row.begin() + static_cast<std::ptrdiff_t>(std::min(neighbors, row.size()));
  std::nth_element(row.begin(), end, row.end(), [](const ScoredId& a, const ScoredId& b) {
    return std::fabs(a.score) != std::fabs(b.score) ? std::fabs(a.score) > std::fabs(b.score) : a.id < b.id;
  });
  std::sort(row.begin(), end, [](const ScoredId& a, const ScoredId& b) { return a.id < b.id; });
  for (auto kept = row.begin(); kept != end; ++kept) {
    if (kept->score == 0) continue;
    neighbor_.push_back(kept->id);
    weight_.push_back(kept->score);
  }
  offsets_.push_back(neighbor_.size());
}

Result<std::unique_ptr<HistoryModel>> EaseHistoryModel::train(const InteractionMatrix& interactions,
                                                              const Settings& settings, const TrainControl& control) {
  const EaseOptions options = ease_options(settings);
  TAMIS_ASSIGN_OR_RETURN(const EaseModel model, train_ease(interactions, options, control));
  const auto neighbors = static_cast<std::uint32_t>(integer_setting(settings, "neighbors"));
  return std::unique_ptr<HistoryModel>(
      std::make_unique<EaseHistoryModel>(model, interactions.rows, neighbors, options.disliked_weight));
}

Result<std::unique_ptr<HistoryModel>> EaseHistoryModel::load(const SavedHistoryModel& saved) {
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(ease_table(), saved.settings));
  std::unique_ptr<EaseHistoryModel> model(new EaseHistoryModel(saved.shape));
  model->disliked_weight_ = ease_options(settings).disliked_weight;
  if (saved.settings.contains("candidates")) model->candidates_ = ease_options(settings).candidates;
  TAMIS_ASSIGN_OR_RETURN(RaggedIds table,
                         read_ragged_ids(saved.tensors, "neighbor", saved.shape.items, saved.shape.items));
  TAMIS_ASSIGN_OR_RETURN(model->weight_, read_finite(saved.tensors, "weight", {table.ids.size()}));
  model->offsets_ = std::move(table.offsets);
  model->neighbor_ = std::move(table.ids);
  return std::unique_ptr<HistoryModel>(std::move(model));
}

Settings EaseHistoryModel::settings() const {
  Settings settings = {{"disliked_weight", number_text(disliked_weight_)}};
  if (candidates_ > 0) settings["candidates"] = std::to_string(candidates_);
  return settings;
}

std::vector<ScoredId> EaseHistoryModel::recommend(std::span<const std::uint32_t> history,
                                                  std::span<const float> weights, std::size_t k,
                                                  const ItemFilter& accepts) const {
  thread_local SparseAccumulator scores;
  scores.reset(shape().items);
  for (std::size_t h = 0; h < history.size(); ++h) {
    const std::uint32_t item = history[h];
    const float entry = weights.empty() ? 1.0F : ease_entry(weights[h], disliked_weight_);
    for (std::uint64_t n = offsets_[item]; n < offsets_[item + 1]; ++n) scores.add(neighbor_[n], entry * weight_[n]);
  }
  return scores.best(k, accepts);
}

bool EaseHistoryModel::explain(std::span<const std::uint32_t> history, std::span<const float> weights,
                               std::uint32_t item, std::span<double> shares) const {
  for (std::size_t h = 0; h < history.size(); ++h) {
    const auto begin = neighbor_.begin() + static_cast<std::ptrdiff_t>(offsets_[history[h]]);
    const auto end = neighbor_.begin() + static_cast<std::ptrdiff_t>(offsets_[history[h] + 1]);
    const auto found = std::lower_bound(begin, end, item);
    const bool is_known = found != end && *found == item;
    const float entry = weights.empty() ? 1.0F : ease_entry(weights[h], disliked_weight_);
    shares[h] = is_known ? double{entry} * weight_[static_cast<std::size_t>(found - neighbor_.begin())] : 0;
  }
  return true;
}

void EaseHistoryModel::add_tensors(TensorWriter& writer) const {
  writer.add<std::uint64_t>("offsets", {offsets_.size()}, offsets_);
  writer.add<std::uint32_t>("neighbor", {neighbor_.size()}, neighbor_);
  writer.add<float>("weight", {weight_.size()}, weight_);
}

}  // namespace tamis::models
