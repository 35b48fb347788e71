#include "models/imported_encoder.h"

#include <algorithm>
#include <string>

#include "models/option_table.h"

namespace tamis::models {
namespace {

constexpr std::uint64_t kMaxWidth = 65'536;
constexpr std::size_t kMaxLayers = 16;

std::string layer_name(std::size_t layer) { return "layer" + std::to_string(layer); }

Status wrong_shape(const std::string& tensor, const std::string& expected) {
  return Status::corruption(tensor + " has another shape, expected " + expected).at_field(tensor);
}

}  // namespace

Result<std::unique_ptr<Encoder>> ImportedEncoder::load(const SavedEncoder& saved) {
  const std::vector<ModelOption> options = {
      integer_option("history", 50, 1, 10'000, "newest actions that the user's vector is made of")};
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(options, saved.settings));
  const EncoderShape& shape = saved.shape;
  std::unique_ptr<ImportedEncoder> encoder(new ImportedEncoder(shape));
  encoder->history_ = static_cast<std::uint32_t>(integer_setting(settings, "history"));
  TAMIS_ASSIGN_OR_RETURN(encoder->item_vectors_, read_finite(saved.tensors, "item_vectors", {shape.items, shape.dim}));
  const auto& names = saved.tensors.tensors();
  if (names.contains("user_vectors")) {
    TAMIS_ASSIGN_OR_RETURN(encoder->user_vectors_,
                           read_finite(saved.tensors, "user_vectors", {shape.users, shape.dim}));
  }
  if (names.contains("history_vectors")) TAMIS_RETURN_IF_ERROR(encoder->load_tower(saved.tensors));
  return std::unique_ptr<Encoder>(std::move(encoder));
}

Status ImportedEncoder::load_tower(const TensorReader& tensors) {
  const TensorShape& table = tensors.tensors().at("history_vectors").shape;
  if (table.size() != 2 || table[1] == 0 || table[1] > kMaxWidth)
    return wrong_shape("history_vectors", "[items, width], width 1 to " + std::to_string(kMaxWidth));
  width_ = static_cast<std::uint32_t>(table[1]);
  TAMIS_ASSIGN_OR_RETURN(history_vectors_, read_finite(tensors, "history_vectors", {shape().items, width_}));
  std::uint32_t in = width_;
  while (layers_.size() < kMaxLayers) {
    const std::string name = layer_name(layers_.size());
    const auto weight = tensors.tensors().find(name + ".weight");
    if (weight == tensors.tensors().end()) break;
    if (weight->second.shape.size() != 2 || weight->second.shape[0] == 0 || weight->second.shape[0] > kMaxWidth)
      return wrong_shape(name + ".weight", "[out, " + std::to_string(in) + "]");
    Layer layer{.in = in, .out = static_cast<std::uint32_t>(weight->second.shape[0]), .weight = {}, .bias = {}};
    TAMIS_ASSIGN_OR_RETURN(layer.weight, read_finite(tensors, name + ".weight", {layer.out, in}));
    TAMIS_ASSIGN_OR_RETURN(layer.bias, read_finite(tensors, name + ".bias", {layer.out}));
    in = layer.out;
    layers_.push_back(std::move(layer));
  }
  if (in == shape().dim) return Status::ok();
  return Status::corruption("the tower ends with " + std::to_string(in) + " values, expected dim " +
                            std::to_string(shape().dim))
      .at_field(layer_name(layers_.empty() ? 0 : layers_.size() - 1) + ".weight");
}

std::vector<float> ImportedEncoder::mean_of(std::span<const HistoryEvent> history, std::span<const float> table,
                                            std::uint32_t width) const {
  std::vector<float> mean(width);
  double total = 0;
  const auto newest = history.last(std::min<std::size_t>(history.size(), history_));
  for (const HistoryEvent& event : newest) total += event.weight;
  for (const HistoryEvent& event : newest) {
    const float* row = table.data() + std::size_t{event.item} * width;
    const auto share = static_cast<float>(event.weight / total);
    for (std::uint32_t i = 0; i < width; ++i) mean[i] += share * row[i];
  }
  return mean;
}

Status ImportedEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  std::vector<float> values;
  if (width_ > 0 && !user.history.empty()) {
    values = mean_of(user.history, history_vectors_, width_);
    for (std::size_t n = 0; n < layers_.size(); ++n) {
      const Layer& layer = layers_[n];
      std::vector<float> next = layer.bias;
      for (std::uint32_t o = 0; o < layer.out; ++o) {
        const float* weight = layer.weight.data() + std::size_t{o} * layer.in;
        for (std::uint32_t i = 0; i < layer.in; ++i) next[o] += weight[i] * values[i];
        if (n + 1 < layers_.size()) next[o] = std::max(next[o], 0.0F);
      }
      values = std::move(next);
    }
  } else if (user.row && !user_vectors_.empty()) {
    const auto row = user_vectors().subspan(std::size_t{*user.row} * out.size(), out.size());
    values.assign(row.begin(), row.end());
  } else if (!user.history.empty()) {
    values = mean_of(user.history, item_vectors_, shape().dim);
  } else {
    return Status::failed_precondition("neither a history nor a vector of the user that the model knows");
  }
  std::copy(values.begin(), values.end(), out.begin());
  return Status::ok();
}

Settings ImportedEncoder::settings() const { return {{"history", std::to_string(history_)}}; }

void ImportedEncoder::add_tensors(TensorWriter& writer) const {
  writer.add<float>("item_vectors", {shape().items, shape().dim}, item_vectors_);
  if (!user_vectors_.empty()) writer.add<float>("user_vectors", {shape().users, shape().dim}, user_vectors_);
  if (width_ == 0) return;
  writer.add<float>("history_vectors", {shape().items, width_}, history_vectors_);
  for (std::size_t n = 0; n < layers_.size(); ++n) {
    writer.add<float>(layer_name(n) + ".weight", {layers_[n].out, layers_[n].in}, layers_[n].weight);
    writer.add<float>(layer_name(n) + ".bias", {layers_[n].out}, layers_[n].bias);
  }
}

}  // namespace tamis::models
