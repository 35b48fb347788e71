#include "models/pinsage/pinsage_encoder.h"

#include <algorithm>
#include <utility>

#include "models/distinct_items.h"
#include "models/encoder_checks.h"
#include "models/two_tower/feature_token_tensors.h"

namespace tamis::models {
namespace {

constexpr const char* kFeatureTable = "item_features";
constexpr const char* kNumericFields = "item_numeric_fields";

EncoderShape shape_of(const PinSageModel& model, const PinSageVectors& vectors) {
  const std::uint32_t dim = model.options().dim;
  return {.name = "pinsage",
          .kind = "pinsage",
          .users = static_cast<std::uint32_t>(vectors.users.size() / dim),
          .items = model.items(),
          .dim = dim,
          .metric = Metric::kCosine};
}

}  // namespace

PinSageEncoder::PinSageEncoder(EncoderShape shape, PinSageModel model, PinSageVectors vectors)
    : Encoder(std::move(shape)),
      model_(std::move(model)),
      vectors_(std::move(vectors)),
      item_fields_(model_.tokens().to_json()) {}

std::unique_ptr<Encoder> PinSageEncoder::create(PinSageModel model, PinSageVectors vectors) {
  EncoderShape shape = shape_of(model, vectors);
  return std::unique_ptr<Encoder>(new PinSageEncoder(std::move(shape), std::move(model), std::move(vectors)));
}

Status PinSageEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  const std::vector<std::uint32_t> history = newest_distinct(user.history);
  if (history.empty()) return Status::failed_precondition("no history that the model knows");
  embed_pinsage_user(model_, vectors_, history, out);
  return Status::ok();
}

Status PinSageEncoder::embed_item(const Features& features, std::span<float> out) const {
  if (!embeds_new_items()) return Encoder::embed_item(features, out);
  return embed_pinsage_item(model_, vectors_, &features, {}, {}, out);
}

Settings PinSageEncoder::settings() const {
  const PinSageOptions& options = model_.options();
  return {{"hidden", std::to_string(options.hidden)},
          {"rectify", options.rectify ? "true" : "false"},
          {"max_history", std::to_string(options.max_history)},
          {"feature_buckets", std::to_string(options.feature_buckets)}};
}

void PinSageEncoder::add_tensors(TensorWriter& writer) const {
  const std::uint64_t dim = shape().dim;
  const std::uint64_t hidden = model_.options().hidden;
  writer.add<float>("user_vectors", {shape().users, dim}, vectors_.users);
  writer.add<float>("item_vectors", {shape().items, dim}, vectors_.items);
  writer.add<float>("network", {model_.network().size()}, model_.network().values());
  writer.add<float>("first_sent", {shape().items, hidden}, vectors_.first_sent);
  writer.add<float>("second_sent", {shape().items, hidden}, vectors_.second_sent);
  if (!model_.has_features()) return;
  const nn::EmbeddingTable& features = model_.input().table(PinSageModel::kItemFeatures);
  writer.add<float>(kFeatureTable, {features.rows(), dim}, features.values());
  add_feature_tokens(writer, kNumericFields, item_fields_);
}

Result<std::unique_ptr<Encoder>> PinSageEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  const TensorReader& tensors = saved.tensors;
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(pinsage_table(), given));
  TAMIS_RETURN_IF_ERROR(expect_metric(shape, Metric::kCosine));
  PinSageOptions options = pinsage_options(settings);
  options.init_stddev = 0;
  options.item_id = false;  // of no use to users and new items: trained items come with their vectors
  const bool has_features = tensors.tensors().contains(kFeatureTable);
  FeatureTokens tokens(options.feature_buckets);
  if (has_features) {
    TAMIS_ASSIGN_OR_RETURN(tokens, read_feature_tokens(tensors, kNumericFields, options.feature_buckets));
  }
  PinSageModel model(options, shape.items, std::move(tokens), has_features);
  TAMIS_ASSIGN_OR_RETURN(const auto network, read_finite(tensors, "network", {model.network().size()}));
  std::copy(network.begin(), network.end(), model.network().values().begin());
  if (has_features) {
    nn::EmbeddingTable& table = model.input().table(PinSageModel::kItemFeatures);
    TAMIS_ASSIGN_OR_RETURN(const auto values, read_finite(tensors, kFeatureTable, {table.rows(), table.dim()}));
    std::copy(values.begin(), values.end(), table.values().begin());
  }
  PinSageVectors vectors;
  TAMIS_ASSIGN_OR_RETURN(vectors.users, read_finite(tensors, "user_vectors", {shape.users, shape.dim}));
  TAMIS_ASSIGN_OR_RETURN(vectors.items, read_finite(tensors, "item_vectors", {shape.items, shape.dim}));
  TAMIS_ASSIGN_OR_RETURN(vectors.first_sent, read_finite(tensors, "first_sent", {shape.items, options.hidden}));
  TAMIS_ASSIGN_OR_RETURN(vectors.second_sent, read_finite(tensors, "second_sent", {shape.items, options.hidden}));
  TAMIS_RETURN_IF_ERROR(
      model.user().transform(model.network(), shape.items, vectors.items.data(), vectors.user_sent, {.threads = 1}));
  return create(std::move(model), std::move(vectors));
}

Result<std::unique_ptr<Encoder>> train_pinsage_encoder(const TrainingData& data, const Settings& settings,
                                                       const TrainControl& control) {
  const InteractionMatrix matrix = data.matrix();
  PinSageModel model(pinsage_options(settings), data.items, data.item_features);
  TAMIS_ASSIGN_OR_RETURN(const WalkNeighbors graph,
                         walk_neighbors(matrix, matrix.transpose(), model.options().walks, control));
  TAMIS_RETURN_IF_ERROR(train_pinsage(model, matrix, graph, control));
  TAMIS_ASSIGN_OR_RETURN(PinSageVectors vectors, embed_all(model, matrix, graph, control));
  return PinSageEncoder::create(std::move(model), std::move(vectors));
}

}  // namespace tamis::models
