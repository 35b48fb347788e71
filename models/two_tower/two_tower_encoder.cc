#include "models/two_tower/two_tower_encoder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "models/distinct_items.h"
#include "models/encoder_checks.h"
#include "models/option_table.h"
#include "models/two_tower/feature_token_tensors.h"

namespace tamis::models {
namespace {

constexpr std::array<const char*, TwoTowerModel::kUserTables> kUserTableNames = {
    "user_tower.history", "user_tower.history_features", "user_tower.user_id", "user_tower.user_features"};
constexpr std::array<const char*, TwoTowerModel::kItemTables> kItemTableNames = {"item_tower.item_id",
                                                                                 "item_tower.item_features"};
constexpr const char* kUserNetwork = "user_tower.network";
constexpr const char* kItemNetwork = "item_tower.network";

EncoderShape shape_of(const TwoTowerModel& model) {
  return {.name = "two_tower",
          .kind = "two_tower",
          .users = model.users(),
          .items = model.items(),
          .dim = model.options().dim,
          .metric = model.options().cosine ? Metric::kCosine : Metric::kDot};
}

// Runs one row through a tower. failed_precondition where nothing but zeros comes out.
Status embed_row(const Tower& tower, std::span<const nn::Bags> inputs, std::span<float> out, const char* otherwise) {
  Tower::Cache cache;
  TAMIS_RETURN_IF_ERROR(tower.forward(inputs, 1, cache, {.threads = 1}));
  if (std::all_of(cache.out.begin(), cache.out.end(), [](float value) { return value == 0; })) {
    return Status::failed_precondition(otherwise);
  }
  std::copy(cache.out.begin(), cache.out.end(), out.begin());
  return Status::ok();
}

void add_tower(TensorWriter& writer, const Tower& tower, std::span<const char* const> names, const char* network) {
  for (std::size_t t = 0; t < names.size(); ++t) {
    const nn::EmbeddingTable& table = tower.table(t);
    if (table.rows() > 0 && !tower.borrows(t)) writer.add<float>(names[t], {table.rows(), table.dim()}, table.values());
  }
  if (tower.network().size() > 0) writer.add<float>(network, {tower.network().size()}, tower.network().values());
}

Status read_tower(const TensorReader& reader, std::span<const char* const> names, const char* network, Tower& tower) {
  for (std::size_t t = 0; t < names.size(); ++t) {
    nn::EmbeddingTable& table = tower.table(t);
    if (table.rows() == 0 || tower.borrows(t)) continue;
    TAMIS_ASSIGN_OR_RETURN(const auto values, read_finite(reader, names[t], {table.rows(), table.dim()}));
    std::copy(values.begin(), values.end(), table.values().begin());
  }
  if (tower.network().size() == 0) return Status::ok();
  TAMIS_ASSIGN_OR_RETURN(const auto values, read_finite(reader, network, {tower.network().size()}));
  std::copy(values.begin(), values.end(), tower.network().values().begin());
  return Status::ok();
}

// The items' tokens, checked against the number of items and of buckets. Empty where the file has none.
Result<nn::Bags> read_item_bags(const TensorReader& reader, std::uint32_t items, std::uint32_t buckets) {
  nn::Bags bags;
  if (!reader.tensors().contains("item_token_offsets")) return bags;
  TAMIS_ASSIGN_OR_RETURN(bags.offsets, reader.read<std::uint32_t>("item_token_offsets", {std::uint64_t{items} + 1}));
  TAMIS_ASSIGN_OR_RETURN(bags.ids, reader.read<std::uint32_t>("item_token_ids"));
  TAMIS_ASSIGN_OR_RETURN(bags.weights, read_finite(reader, "item_token_weights", {bags.ids.size()}));
  const bool ordered = std::is_sorted(bags.offsets.begin(), bags.offsets.end());
  if (!ordered || bags.offsets.front() != 0 || bags.offsets.back() != bags.ids.size()) {
    return Status::corruption("item_token_offsets do not ascend from 0 to the number of tokens");
  }
  if (std::any_of(bags.ids.begin(), bags.ids.end(), [&](std::uint32_t id) { return id >= buckets; })) {
    return Status::corruption("item_token_ids holds a bucket that feature_buckets does not allow");
  }
  return bags;
}

}  // namespace

TwoTowerEncoder::TwoTowerEncoder(EncoderShape shape, TwoTowerModel model, TowerVectors vectors)
    : Encoder(std::move(shape)),
      model_(std::move(model)),
      vectors_(std::move(vectors)),
      user_fields_(model_.inputs().user_tokens.to_json()),
      item_fields_(model_.inputs().item_tokens.to_json()) {}

std::unique_ptr<Encoder> TwoTowerEncoder::create(TwoTowerModel model, TowerVectors vectors) {
  EncoderShape shape = shape_of(model);
  return std::unique_ptr<Encoder>(new TwoTowerEncoder(std::move(shape), std::move(model), std::move(vectors)));
}

Status TwoTowerEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  const std::vector<std::uint32_t> history = newest_distinct(user.history, model_.options().max_history);
  std::array<nn::Bags, TwoTowerModel::kUserTables> inputs;
  const bool known = user.row.has_value() && *user.row < model_.users();
  model_.append_user(
      {.history = history, .user = known ? &*user.row : nullptr, .profile = user.features, .context = user.context},
      inputs);
  return embed_row(model_.user_tower(), inputs, out, "no history, id or features that the model knows");
}

bool TwoTowerEncoder::embeds_new_items() const { return model_.embeds_new_items(); }

Status TwoTowerEncoder::embed_item(const Features& features, std::span<float> out) const {
  if (!model_.embeds_new_items()) return Encoder::embed_item(features, out);
  std::array<nn::Bags, TwoTowerModel::kItemTables> inputs;
  model_.append_new_item(features, inputs);
  return embed_row(model_.item_tower(), inputs, out, "no features that the model knows");
}

Settings TwoTowerEncoder::settings() const {
  const TwoTowerOptions& options = model_.options();
  return {{"hidden", std::to_string(options.hidden)},
          {"similarity", options.cosine ? "cosine" : "dot"},
          {"user_id", options.user_id ? "true" : "false"},
          {"item_id", options.item_id ? "true" : "false"},
          {"shared_history", options.shared_history ? "true" : "false"},
          {"history_exponent", std::to_string(options.history_exponent)},
          {"max_history", std::to_string(options.max_history)},
          {"feature_buckets", std::to_string(options.feature_buckets)}};
}

void TwoTowerEncoder::add_tensors(TensorWriter& writer) const {
  const std::uint64_t dim = model_.options().dim;
  writer.add<float>("user_vectors", {model_.users(), dim}, vectors_.users);
  writer.add<float>("item_vectors", {model_.items(), dim}, vectors_.items);
  add_tower(writer, model_.user_tower(), kUserTableNames, kUserNetwork);
  add_tower(writer, model_.item_tower(), kItemTableNames, kItemNetwork);
  const nn::Bags& bags = model_.inputs().item_bags;
  if (model_.embeds_new_items()) {
    writer.add<std::uint32_t>("item_token_offsets", {bags.offsets.size()}, bags.offsets);
    writer.add<std::uint32_t>("item_token_ids", {bags.ids.size()}, bags.ids);
    writer.add<float>("item_token_weights", {bags.weights.size()}, bags.weights);
  }
  add_feature_tokens(writer, "user_numeric_fields", user_fields_);
  add_feature_tokens(writer, "item_numeric_fields", item_fields_);
}

Result<std::unique_ptr<Encoder>> TwoTowerEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(two_tower_table(), given));
  TwoTowerOptions options = two_tower_options(settings);
  options.init_stddev = 0;
  TAMIS_RETURN_IF_ERROR(expect_metric(shape, options.cosine ? Metric::kCosine : Metric::kDot));
  TwoTowerModel::Inputs inputs;
  TAMIS_ASSIGN_OR_RETURN(inputs.user_tokens,
                         read_feature_tokens(saved.tensors, "user_numeric_fields", options.feature_buckets));
  TAMIS_ASSIGN_OR_RETURN(inputs.item_tokens,
                         read_feature_tokens(saved.tensors, "item_numeric_fields", options.feature_buckets));
  TAMIS_ASSIGN_OR_RETURN(inputs.item_bags, read_item_bags(saved.tensors, shape.items, options.feature_buckets));
  inputs.user_features = saved.tensors.tensors().contains(kUserTableNames[TwoTowerModel::kUserFeatures]);
  TwoTowerModel model(options, shape.users, shape.items, std::move(inputs));
  TAMIS_RETURN_IF_ERROR(read_tower(saved.tensors, kUserTableNames, kUserNetwork, model.user_tower()));
  TAMIS_RETURN_IF_ERROR(read_tower(saved.tensors, kItemTableNames, kItemNetwork, model.item_tower()));
  TowerVectors vectors;
  TAMIS_ASSIGN_OR_RETURN(vectors.users, read_finite(saved.tensors, "user_vectors", {shape.users, shape.dim}));
  TAMIS_ASSIGN_OR_RETURN(vectors.items, read_finite(saved.tensors, "item_vectors", {shape.items, shape.dim}));
  return create(std::move(model), std::move(vectors));
}

Result<std::unique_ptr<Encoder>> train_two_tower_encoder(const TrainingData& data, const Settings& settings,
                                                         const TrainControl& control) {
  const InteractionMatrix matrix = data.matrix();
  TwoTowerModel model(two_tower_options(settings), data.users, data.items, data.user_features, data.item_features,
                      data.contexts);
  const std::vector<std::uint32_t> pair_contexts = data.pair_contexts(matrix);
  const InteractionMatrix disliked = data.disliked_matrix();
  const TwoTowerUsers users{
      .features = data.user_features, .contexts = data.contexts, .pair_contexts = pair_contexts, .disliked = &disliked};
  TAMIS_RETURN_IF_ERROR(train_two_tower(model, matrix, users, control));
  TAMIS_ASSIGN_OR_RETURN(TowerVectors vectors, embed_all(model, matrix, data.user_features, control));
  return TwoTowerEncoder::create(std::move(model), std::move(vectors));
}

}  // namespace tamis::models
