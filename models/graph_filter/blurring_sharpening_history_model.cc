#include "models/graph_filter/blurring_sharpening_history_model.h"

#include <utility>

#include "models/encoder.h"
#include "models/graph_filter/graph_filter_options.h"
#include "models/ragged_tensors.h"

namespace tamis::models {
namespace {

constexpr const char* kVectors = "singular_vectors";

Result<std::unique_ptr<HistoryModel>> wrap(Result<BlurringSharpening> filter) {
  if (!filter.is_ok()) return filter.status();
  return std::unique_ptr<HistoryModel>(std::make_unique<BlurringSharpeningHistoryModel>(std::move(filter).value()));
}

}  // namespace

BlurringSharpeningHistoryModel::BlurringSharpeningHistoryModel(BlurringSharpening filter)
    : HistoryModel({.kind = "bspm", .users = filter.interactions().rows, .items = filter.items()}),
      filter_(std::move(filter)) {}

Result<std::unique_ptr<HistoryModel>> BlurringSharpeningHistoryModel::train(const InteractionMatrix& interactions,
                                                                            const Settings& settings,
                                                                            const TrainControl& control) {
  return wrap(BlurringSharpening::build(interactions.has_negatives() ? interactions.liked() : interactions,
                                        blurring_sharpening_options(settings), control));
}

Result<std::unique_ptr<HistoryModel>> BlurringSharpeningHistoryModel::load(const SavedHistoryModel& saved) {
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(blurring_sharpening_table(), saved.settings));
  TAMIS_ASSIGN_OR_RETURN(InteractionMatrix interactions,
                         read_interactions(saved.tensors, saved.shape.users, saved.shape.items));
  const auto found = saved.tensors.tensors().find(kVectors);
  if (found == saved.tensors.tensors().end() || found->second.shape.size() != 2)
    return Status::corruption("there is no matrix " + std::string(kVectors)).at_field(kVectors);
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> vectors,
                         read_finite(saved.tensors, kVectors, {saved.shape.items, found->second.shape[1]}));
  return wrap(
      BlurringSharpening::restore(std::move(interactions), blurring_sharpening_options(settings), std::move(vectors)));
}

std::vector<ScoredId> BlurringSharpeningHistoryModel::recommend(std::span<const std::uint32_t> history,
                                                                std::span<const float> weights, std::size_t k,
                                                                const ItemFilter& accepts) const {
  thread_local std::vector<float> scores;
  scores.resize(filter_.items());
  filter_.score_one(LikedHistory(history, weights).items, scores);
  TopK top(k);
  for (std::uint32_t item = 0; item < scores.size(); ++item) {
    if (scores[item] > 0 && top.may_enter(scores[item]) && (!accepts || accepts(item))) top.push({item, scores[item]});
  }
  return top.take();
}

Settings BlurringSharpeningHistoryModel::settings() const {
  const BlurringSharpeningOptions& options = filter_.options();
  return {{"low_pass_weight", number_text(options.low_pass_weight)},
          {"sharpening_time", number_text(options.sharpening_time)},
          {"sharpening_steps", std::to_string(options.sharpening_steps)}};
}

void BlurringSharpeningHistoryModel::add_tensors(TensorWriter& writer) const {
  add_interactions(writer, filter_.interactions());
  const std::uint64_t items = filter_.items();
  writer.add<float>(kVectors, {items, items == 0 ? 0 : filter_.vectors().size() / items}, filter_.vectors());
}

}  // namespace tamis::models
