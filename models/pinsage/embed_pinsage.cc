// What a trained PinSage model makes of items and users: all of them after training, one at query time.
#include <algorithm>
#include <array>

#include "models/pinsage/neighborhood.h"
#include "models/pinsage/train_pinsage.h"

namespace tamis::models {
namespace {

constexpr std::uint32_t kEmbedAtOnce = 8192;

// One convolution over the whole catalogue, block by block: h [items, in] -> next [items, out].
Status convolve_all(const PinSageModel& model, const Convolution& layer, const nn::Bags& neighbors,
                    const std::vector<float>& h, const std::vector<float>& sent, std::vector<float>& next,
                    const TrainControl& control) {
  const std::size_t items = neighbors.size();
  next.resize(items * layer.out());
  std::vector<float> pooled(items * layer.hidden(), 0.0F);
  TAMIS_RETURN_IF_ERROR(nn::add_bags(sent.data(), layer.hidden(), neighbors, pooled.data(), control));
  for (std::size_t item = 0; item < items; ++item) {
    layer.combine(model.network(), &h[item * layer.in()], &pooled[item * layer.hidden()], &next[item * layer.out()]);
  }
  return Status::ok();
}

// [items, dim]: ids where the item was met in training, and features.
Result<std::vector<float>> embed_inputs(const PinSageModel& model, const std::vector<bool>& met,
                                        const TrainControl& control) {
  std::vector<float> h;
  std::array<nn::Bags, PinSageModel::kInputTables> inputs;
  Tower::Cache cache;
  for (std::uint32_t first = 0; first < model.items(); first += kEmbedAtOnce) {
    const std::uint32_t count = std::min(kEmbedAtOnce, model.items() - first);
    for (nn::Bags& bags : inputs) bags.clear();
    for (std::uint32_t item = first; item < first + count; ++item) model.append_item(item, met[item], inputs);
    TAMIS_RETURN_IF_ERROR(model.input().forward(inputs, count, cache, control));
    h.insert(h.end(), cache.out.begin(), cache.out.end());
  }
  return h;
}

// out += sum of weight * row.
void add_rows(const std::vector<float>& rows, std::span<const std::uint32_t> ids, std::span<const float> weights,
              std::vector<float>& out) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const float* row = rows.data() + ids[i] * out.size();
    for (std::size_t d = 0; d < out.size(); ++d) out[d] += weights[i] * row[d];
  }
}

}  // namespace

Result<PinSageVectors> embed_all(const PinSageModel& model, const InteractionMatrix& interactions,
                                 const WalkNeighbors& graph, const TrainControl& control) {
  std::vector<bool> met(model.items(), false);
  for (const std::uint32_t item : interactions.column) met[item] = true;
  PinSageVectors vectors;
  std::vector<float> middle;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<float> h, embed_inputs(model, met, control));
  TAMIS_RETURN_IF_ERROR(model.first().transform(model.network(), model.items(), h.data(), vectors.first_sent, control));
  TAMIS_RETURN_IF_ERROR(convolve_all(model, model.first(), graph.neighbors, h, vectors.first_sent, middle, control));
  TAMIS_RETURN_IF_ERROR(
      model.second().transform(model.network(), model.items(), middle.data(), vectors.second_sent, control));
  TAMIS_RETURN_IF_ERROR(
      convolve_all(model, model.second(), graph.neighbors, middle, vectors.second_sent, vectors.items, control));
  const std::size_t dim = model.options().dim;
  for (std::uint32_t item = 0; item < model.items(); ++item) {
    if (!met[item] && !model.item_has_features(item)) std::fill_n(&vectors.items[item * dim], dim, 0.0F);
  }
  TAMIS_RETURN_IF_ERROR(
      model.user().transform(model.network(), model.items(), vectors.items.data(), vectors.user_sent, control));
  vectors.users.resize(interactions.rows * dim);
  for (std::uint32_t user = 0; user < interactions.rows; ++user) {
    const auto history = interactions.row_columns(user);
    if (!history.empty())
      embed_pinsage_user(model, vectors, history, std::span(vectors.users).subspan(user * dim, dim));
  }
  return vectors;
}

void embed_pinsage_user(const PinSageModel& model, const PinSageVectors& vectors,
                        std::span<const std::uint32_t> history, std::span<float> out) {
  const auto newest = history.last(std::min<std::size_t>(history.size(), model.options().max_history));
  const std::vector<float> weights(newest.size(), 1 / static_cast<float>(newest.size()));
  std::vector<float> pooled(model.options().hidden, 0.0F);
  add_rows(vectors.user_sent, newest, weights, pooled);
  model.user().combine(model.network(), nullptr, pooled.data(), out.data());
}

Status embed_pinsage_item(const PinSageModel& model, const PinSageVectors& vectors, const Features* features,
                          std::span<const std::uint32_t> neighbors, std::span<const float> weights,
                          std::span<float> out) {
  std::array<nn::Bags, PinSageModel::kInputTables> inputs;
  static const Features kNone;
  model.append_new_item(features != nullptr ? *features : kNone, inputs);
  Tower::Cache cache;
  TAMIS_RETURN_IF_ERROR(model.input().forward(inputs, 1, cache, {.threads = 1}));
  const bool said_nothing =
      neighbors.empty() && std::all_of(cache.out.begin(), cache.out.end(), [](float value) { return value == 0; });
  if (said_nothing) return Status::failed_precondition("no features or neighbours that the model knows");
  std::vector<float> middle(model.options().dim);
  std::vector<float> pooled(model.options().hidden, 0.0F);
  add_rows(vectors.first_sent, neighbors, weights, pooled);
  model.first().combine(model.network(), cache.out.data(), pooled.data(), middle.data());
  std::fill(pooled.begin(), pooled.end(), 0.0F);
  add_rows(vectors.second_sent, neighbors, weights, pooled);
  model.second().combine(model.network(), middle.data(), pooled.data(), out.data());
  return Status::ok();
}

}  // namespace tamis::models
