#include "models/bpr/bpr_encoder.h"

#include <algorithm>

#include "models/bpr/bpr_options.h"
#include "models/distinct_items.h"
#include "models/encoder_checks.h"

namespace tamis::models {
namespace {

constexpr const char* kUserFactors = "user_factors";
constexpr const char* kItemFactors = "item_factors";
constexpr const char* kRidge = "fold_in_ridge";

EncoderShape shape_of(const BprModel& model) {
  return {.name = "bpr", .kind = "bpr", .users = model.users, .items = model.items, .dim = model.options.dim};
}

}  // namespace

BprEncoder::BprEncoder(BprModel model, double fold_in_ridge)
    : Encoder(shape_of(model)),
      model_(std::move(model)),
      fold_in_ridge_(fold_in_ridge),
      fold_in_(model_.item_factors, model_.options.dim, fold_in_ridge) {}

Result<std::unique_ptr<Encoder>> BprEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(bpr_table(), given));
  TAMIS_RETURN_IF_ERROR(expect_dot(shape));
  BprModel model;
  model.options = bpr_options(settings);
  model.users = shape.users;
  model.items = shape.items;
  TAMIS_ASSIGN_OR_RETURN(model.user_factors, read_finite(saved.tensors, kUserFactors, {shape.users, shape.dim}));
  TAMIS_ASSIGN_OR_RETURN(model.item_factors, read_finite(saved.tensors, kItemFactors, {shape.items, shape.dim}));
  return std::unique_ptr<Encoder>(std::make_unique<BprEncoder>(std::move(model), number_setting(settings, kRidge)));
}

Status BprEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  if (!user.history.empty() || !user.negatives.empty()) {
    const DistinctItems distinct(user.history, user.negatives);
    if (fold_in_.solve(distinct.items, out, entries(distinct))) return Status::ok();
    return Status::failed_precondition("the history does not place the user");
  }
  if (user.row) {
    const auto trained = std::span(model_.user_factors).subspan(std::size_t{*user.row} * out.size(), out.size());
    std::copy(trained.begin(), trained.end(), out.begin());
    if (std::any_of(out.begin(), out.end(), [](float value) { return value != 0; })) return Status::ok();
  }
  return Status::failed_precondition("no history that the model knows");
}

bool BprEncoder::explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const {
  if (user.history.empty()) return false;
  const DistinctItems distinct(user.history, user.negatives);
  std::vector<double> by_item(distinct.items.size());
  if (!fold_in_.explain(distinct.items, item, by_item, entries(distinct))) return false;
  for (std::size_t h = 0; h < user.history.size(); ++h) {  // repeats share by their weight
    const std::size_t slot = distinct.slots[h];
    shares[h] = by_item[slot] * user.history[h].weight / distinct.weights[slot];
  }
  return true;
}

std::vector<float> BprEncoder::entries(const DistinctItems& history) const {
  std::vector<float> result = disliked_strengths(history.weights);
  for (std::size_t i = 0; i < result.size(); ++i)
    result[i] = history.weights[i] < 0 ? -static_cast<float>(model_.options.disliked_weight) * result[i] : 1.0F;
  return result;
}

Settings BprEncoder::settings() const {
  return {{kRidge, number_text(fold_in_ridge_)}, {"disliked_weight", number_text(model_.options.disliked_weight)}};
}

void BprEncoder::add_tensors(TensorWriter& writer) const {
  writer.add<float>(kUserFactors, {model_.users, model_.options.dim}, model_.user_factors);
  writer.add<float>(kItemFactors, {model_.items, model_.options.dim}, model_.item_factors);
}

Result<std::unique_ptr<Encoder>> train_bpr_encoder(const TrainingData& data, const Settings& settings,
                                                   const TrainControl& control) {
  InteractionMatrix made;
  TAMIS_ASSIGN_OR_RETURN(BprModel model, train_bpr(data.signed_matrix(&made), bpr_options(settings), control));
  return std::unique_ptr<Encoder>(std::make_unique<BprEncoder>(std::move(model), number_setting(settings, kRidge)));
}

}  // namespace tamis::models
