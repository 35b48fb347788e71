#include "models/ials_encoder.h"

#include <algorithm>
#include <charconv>
#include <new>
#include <numeric>
#include <string>

#include "models/model_options.h"

namespace tamis::models {
namespace {

constexpr const char* kUserFactors = "user_factors";
constexpr const char* kItemFactors = "item_factors";

std::string to_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, end};
}

EncoderShape shape_of(const IalsModel& model) {
  return {.name = "ials", .kind = "ials", .users = model.users, .items = model.items, .dim = model.options.dim};
}

// A history as the fold-in asks for it: each item once, weights summed.
struct DistinctItems {
  std::vector<std::uint32_t> items;
  std::vector<float> weights;
  std::vector<std::size_t> slots;  // [history]: the place of each event's item

  explicit DistinctItems(std::span<const HistoryEvent> history) : slots(history.size()) {
    for (const HistoryEvent& event : history) items.push_back(event.item);
    std::sort(items.begin(), items.end());
    items.erase(std::unique(items.begin(), items.end()), items.end());
    weights.resize(items.size());
    for (std::size_t h = 0; h < history.size(); ++h) {
      const auto found = std::lower_bound(items.begin(), items.end(), history[h].item);
      slots[h] = static_cast<std::size_t>(found - items.begin());
      weights[slots[h]] += history[h].weight;
    }
  }
};

}  // namespace

IalsEncoder::IalsEncoder(IalsModel model)
    : Encoder(shape_of(model)), model_(std::move(model)), fold_in_(model_.item_factors, model_.options) {}

Result<std::unique_ptr<Encoder>> IalsEncoder::create(IalsModel model) {
  try {
    return std::unique_ptr<Encoder>(new IalsEncoder(std::move(model)));
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("no memory for the Gramian of iALS");
  }
}

Result<std::unique_ptr<Encoder>> IalsEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  TAMIS_ASSIGN_OR_RETURN(const std::vector<ModelOption> table, model_options("ials"));
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(table, given));
  if (shape.metric != Metric::kDot)
    return Status::invalid_argument("metric is " + std::string(metric_name(shape.metric)) + ", expected dot")
        .at_field("metric");
  IalsModel model;
  model.options = ials_options(settings);
  model.users = shape.users;
  model.items = shape.items;
  TAMIS_ASSIGN_OR_RETURN(model.user_factors, read_finite(saved.tensors, kUserFactors, {shape.users, shape.dim}));
  TAMIS_ASSIGN_OR_RETURN(model.item_factors, read_finite(saved.tensors, kItemFactors, {shape.items, shape.dim}));
  return create(std::move(model));
}

Status IalsEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  if (user.history.empty()) return Status::failed_precondition("no history that the model knows");
  const DistinctItems distinct(user.history);
  fold_in_.solve(distinct.items, distinct.weights, out);
  return Status::ok();
}

bool IalsEncoder::explain(const UserInput& user, std::uint32_t item, std::span<double> shares) const {
  const DistinctItems distinct(user.history);
  std::vector<double> by_item(distinct.items.size());
  if (!fold_in_.explain(distinct.items, distinct.weights, item, by_item)) return false;
  for (std::size_t h = 0; h < user.history.size(); ++h) {
    const std::size_t slot = distinct.slots[h];
    shares[h] = by_item[slot] * user.history[h].weight / distinct.weights[slot];
  }
  return true;
}

Settings IalsEncoder::settings() const {
  return {{"unobserved_weight", to_text(model_.options.unobserved_weight)},
          {"regularization", to_text(model_.options.regularization)},
          {"regularization_exponent", to_text(model_.options.regularization_exponent)},
          {"iterations", std::to_string(model_.options.iterations)},
          {"seed", std::to_string(model_.options.seed)}};
}

void IalsEncoder::add_tensors(TensorWriter& writer) const {
  writer.add<float>(kUserFactors, {model_.users, model_.options.dim}, model_.user_factors);
  writer.add<float>(kItemFactors, {model_.items, model_.options.dim}, model_.item_factors);
}

Result<std::unique_ptr<Encoder>> train_ials_encoder(const TrainingData& data, const Settings& settings,
                                                    const TrainControl& control) {
  const InteractionMatrix matrix = data.matrix();
  IalsOptions options = ials_options(settings);
  // To scale all weights by s is to scale alpha_0 by s (and the objective with it), so that the fold-in can take
  // events' weights as they are.
  const double total = std::accumulate(matrix.weight.begin(), matrix.weight.end(), 0.0);
  if (matrix.nonzeros() > 0 && total > 0) options.unobserved_weight *= total / static_cast<double>(matrix.nonzeros());
  TAMIS_ASSIGN_OR_RETURN(IalsModel model, train_ials(matrix, options, control));
  return IalsEncoder::create(std::move(model));
}

}  // namespace tamis::models
