#include "models/ials/ials_encoder.h"

#include <new>
#include <numeric>
#include <string>

#include "models/distinct_items.h"
#include "models/encoder_checks.h"
#include "models/ials/ials_half_step.h"
#include "models/ials/ials_options.h"
#include "models/ials/ials_row_solver.h"

namespace tamis::models {
namespace {

constexpr const char* kUserFactors = "user_factors";
constexpr const char* kItemFactors = "item_factors";

EncoderShape shape_of(const IalsModel& model) {
  return {.name = "ials", .kind = "ials", .users = model.users, .items = model.items, .dim = model.options.dim};
}

}  // namespace

IalsEncoder::IalsEncoder(IalsModel model)
    : Encoder(shape_of(model)), model_(std::move(model)), fold_in_(model_.item_factors, model_.options) {
  auto gramian = ials_gramian(model_.user_factors, model_.options, {});
  if (!gramian.is_ok()) throw std::bad_alloc();  // the only way in which it fails
  user_gramian_ = std::move(gramian).value();
}

Result<std::unique_ptr<Encoder>> IalsEncoder::create(IalsModel model) {
  try {
    return std::unique_ptr<Encoder>(new IalsEncoder(std::move(model)));
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("no memory for the Gramian of iALS");
  }
}

Result<std::unique_ptr<Encoder>> IalsEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(ials_table(), given));
  TAMIS_RETURN_IF_ERROR(expect_dot(shape));
  IalsModel model;
  model.options = ials_options(settings);
  model.users = shape.users;
  model.items = shape.items;
  TAMIS_ASSIGN_OR_RETURN(model.user_factors, read_finite(saved.tensors, kUserFactors, {shape.users, shape.dim}));
  TAMIS_ASSIGN_OR_RETURN(model.item_factors, read_finite(saved.tensors, kItemFactors, {shape.items, shape.dim}));
  return create(std::move(model));
}

Status IalsEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  if (user.history.empty() && user.negatives.empty())
    return Status::failed_precondition("no history that the model knows");
  const DistinctItems distinct(user.history, user.negatives);
  fold_in_.solve(distinct.items, distinct.weights, out);
  return Status::ok();
}

Status IalsEncoder::refit_item(std::span<const float> users, std::span<const float> weights,
                               std::span<float> out) const {
  std::vector<std::uint32_t> rows(weights.size());
  std::iota(rows.begin(), rows.end(), 0U);
  CholeskyRowSolver solver(users, user_gramian_, model_.options.dim);
  const IalsRow row = ials_row(rows, weights, model_.options, model_.users);
  if (solver.solve(row, out)) return Status::ok();
  return Status::failed_precondition("the item's equations are singular");
}

bool IalsEncoder::explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const {
  const DistinctItems distinct(user.history, user.negatives);
  std::vector<double> by_item(distinct.items.size());
  if (!fold_in_.explain(distinct.items, distinct.weights, item, by_item)) return false;
  for (std::size_t h = 0; h < user.history.size(); ++h) {
    const std::size_t slot = distinct.slots[h];
    shares[h] = by_item[slot] * user.history[h].weight / distinct.weights[slot];
  }
  return true;
}

Settings IalsEncoder::settings() const {
  return {{"unobserved_weight", number_text(model_.options.unobserved_weight)},
          {"regularization", number_text(model_.options.regularization)},
          {"regularization_exponent", number_text(model_.options.regularization_exponent)},
          {"disliked_weight", number_text(model_.options.disliked_weight)},
          {"disliked_target", number_text(model_.options.disliked_target)},
          {"iterations", std::to_string(model_.options.iterations)},
          {"seed", std::to_string(model_.options.seed)}};
}

void IalsEncoder::add_tensors(TensorWriter& writer) const {
  writer.add<float>(kUserFactors, {model_.users, model_.options.dim}, model_.user_factors);
  writer.add<float>(kItemFactors, {model_.items, model_.options.dim}, model_.item_factors);
}

Result<std::unique_ptr<Encoder>> train_ials_encoder(const TrainingData& data, const Settings& settings,
                                                    const TrainControl& control) {
  InteractionMatrix made;
  const InteractionMatrix& matrix = data.signed_matrix(&made);
  IalsOptions options = ials_options(settings);
  if (options.unobserved_weight == 0) options.unobserved_weight = unobserved_weight_for(matrix.columns);
  // To scale all weights by s is to scale alpha_0 by s (and the objective with it), so that the fold-in can take
  // events' weights as they are.
  double total = 0;
  std::size_t liked = 0;
  for (const float weight : matrix.weight) {
    if (!(weight > 0)) continue;
    total += weight;
    ++liked;
  }
  if (total > 0) options.unobserved_weight *= total / static_cast<double>(liked);
  TAMIS_ASSIGN_OR_RETURN(IalsModel model, train_ials(matrix, options, control));
  return IalsEncoder::create(std::move(model));
}

}  // namespace tamis::models
