#include "models/mf/mf_encoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "models/blas.h"
#include "models/encoder_checks.h"
#include "models/mf/mf_options.h"

namespace tamis::models {
namespace {

EncoderShape shape_of(const MfModel& model) {
  return {.name = "mf", .kind = "mf", .users = model.users, .items = model.items, .dim = model.options.dim + 1};
}

// [rows, dim + 1]: the factors with `last` behind them, zeros where factors and bias are zeros.
template <typename Last>
std::vector<float> with_last(const std::vector<float>& factors, const std::vector<float>& bias, std::size_t dim,
                             const Last& last) {
  std::vector<float> vectors(bias.size() * (dim + 1));
  for (std::size_t row = 0; row < bias.size(); ++row) {
    const float* factor = factors.data() + row * dim;
    if (bias[row] == 0 && std::all_of(factor, factor + dim, [](float value) { return value == 0; })) continue;
    float* out = vectors.data() + row * (dim + 1);
    std::copy(factor, factor + dim, out);
    out[dim] = last(row);
  }
  return vectors;
}

// Of each item the newest rating, as the equations of one user: x [ratings, dim + 1] with a 1 behind each factor, y
// what the mean and the item's bias leave unexplained.
struct UserEquations {
  std::vector<float> x;
  std::vector<float> y;
};

UserEquations equations_of(const MfModel& model, std::span<const HistoryEvent> history) {
  std::vector<HistoryEvent> rated;
  for (auto event = history.rbegin(); event != history.rend(); ++event) {
    const bool newer_known =
        std::any_of(rated.begin(), rated.end(), [&](const HistoryEvent& other) { return other.item == event->item; });
    if (!std::isnan(event->rating) && !newer_known) rated.push_back(*event);
  }
  const std::size_t dim = model.options.dim;
  UserEquations equations{.x = std::vector<float>(rated.size() * (dim + 1)), .y = {}};
  for (std::size_t h = 0; h < rated.size(); ++h) {
    float* row = equations.x.data() + h * (dim + 1);
    std::copy_n(model.item_factors.data() + rated[h].item * dim, dim, row);
    row[dim] = 1;
    const float rating = std::clamp(rated[h].rating, model.range[0], model.range[1]);
    equations.y.push_back(rating - model.mean - model.item_bias[rated[h].item]);
  }
  return equations;
}

// (x^T x + ratings * diag(lambda, ..., bias lambda)) [p, b] = x^T y.
bool solve(const MfModel& model, const UserEquations& equations, std::span<float> out) {
  const std::size_t width = out.size();
  const std::size_t ratings = equations.y.size();
  std::vector<float> system(width * width);
  blas::add_gram_of_columns(ratings, width, equations.x.data(), system.data());
  for (std::size_t d = 0; d < width; ++d) {
    const double lambda = d + 1 < width ? model.options.regularization : model.options.bias_regularization;
    system[d * width + d] += static_cast<float>(lambda * static_cast<double>(ratings) + 1e-6);
  }
  std::fill(out.begin(), out.end(), 0.0F);
  blas::add_transposed_times_vector(ratings, width, equations.x.data(), equations.y.data(), out.data());
  return blas::solve_positive_definite(width, system.data(), out.data());
}

}  // namespace

MfEncoder::MfEncoder(MfModel model)
    : Encoder(shape_of(model)),
      model_(std::move(model)),
      item_vectors_(with_last(model_.item_factors, model_.item_bias, model_.options.dim,
                              [this](std::size_t row) { return model_.item_bias[row]; })),
      user_vectors_(
          with_last(model_.user_factors, model_.user_bias, model_.options.dim, [](std::size_t) { return 1.0F; })) {}

Result<std::unique_ptr<Encoder>> MfEncoder::load(const SavedEncoder& saved) {
  const EncoderShape& shape = saved.shape;
  Settings given = saved.settings;
  given["dim"] = std::to_string(shape.dim - 1);
  TAMIS_ASSIGN_OR_RETURN(const Settings settings, resolve_settings(mf_table(), given));
  TAMIS_RETURN_IF_ERROR(expect_dot(shape));
  MfModel model;
  model.options = mf_options(settings);
  model.users = shape.users;
  model.items = shape.items;
  const std::uint64_t dim = model.options.dim;
  TAMIS_ASSIGN_OR_RETURN(model.user_factors, read_finite(saved.tensors, "user_factors", {shape.users, dim}));
  TAMIS_ASSIGN_OR_RETURN(model.item_factors, read_finite(saved.tensors, "item_factors", {shape.items, dim}));
  TAMIS_ASSIGN_OR_RETURN(model.user_bias, read_finite(saved.tensors, "user_bias", {shape.users}));
  TAMIS_ASSIGN_OR_RETURN(model.item_bias, read_finite(saved.tensors, "item_bias", {shape.items}));
  TAMIS_ASSIGN_OR_RETURN(const std::vector<float> mean, read_finite(saved.tensors, "mean", {1}));
  model.mean = mean[0];
  model.range = {-std::numeric_limits<float>::max(), std::numeric_limits<float>::max()};  // older files do not tell
  if (saved.tensors.tensors().contains("range")) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<float> range, read_finite(saved.tensors, "range", {2}));
    if (range[0] > range[1]) return Status::corruption("range falls").at_field("range");
    model.range = {range[0], range[1]};
  }
  return std::unique_ptr<Encoder>(std::make_unique<MfEncoder>(std::move(model)));
}

Status MfEncoder::embed_user(const UserInput& user, std::span<float> out) const {
  const UserEquations equations = equations_of(model_, user.ratings);
  if (!equations.y.empty() && solve(model_, equations, out)) {
    out.back() = 1;  // where the items have their bias; the user's own moves none of them
    return Status::ok();
  }
  if (user.row) {
    const auto trained = std::span(user_vectors_).subspan(std::size_t{*user.row} * out.size(), out.size());
    std::copy(trained.begin(), trained.end(), out.begin());
    if (out.back() != 0) return Status::ok();
  }
  return Status::failed_precondition("no ratings that the model knows");
}

Settings MfEncoder::settings() const {
  return {{"regularization", number_text(model_.options.regularization)},
          {"bias_regularization", number_text(model_.options.bias_regularization)}};
}

void MfEncoder::add_tensors(TensorWriter& writer) const {
  const std::uint64_t dim = model_.options.dim;
  writer.add<float>("user_factors", {model_.users, dim}, model_.user_factors);
  writer.add<float>("item_factors", {model_.items, dim}, model_.item_factors);
  writer.add<float>("user_bias", {model_.users}, model_.user_bias);
  writer.add<float>("item_bias", {model_.items}, model_.item_bias);
  writer.add<float>("mean", {1}, {&model_.mean, 1});
  writer.add<float>("range", {2}, model_.range);
}

Result<std::unique_ptr<Encoder>> train_mf_encoder(const TrainingData& data, const Settings& settings,
                                                  const TrainControl& control) {
  std::vector<Rating> ratings;
  for (const TimedInteraction& event : data.ratings) {
    if (!std::isnan(event.rating)) ratings.push_back({event.user, event.item, event.rating});
  }
  // Events are in the order of time: of a pair, the last stays.
  std::stable_sort(ratings.begin(), ratings.end(), [](const Rating& a, const Rating& b) {
    return a.user != b.user ? a.user < b.user : a.item < b.item;
  });
  const auto same_pair = [](const Rating& a, const Rating& b) { return a.user == b.user && a.item == b.item; };
  std::reverse(ratings.begin(), ratings.end());
  ratings.erase(std::unique(ratings.begin(), ratings.end(), same_pair), ratings.end());
  if (ratings.empty())
    return Status::failed_precondition("there are no interactions of the type rating with a value to learn from");
  TAMIS_ASSIGN_OR_RETURN(MfModel model, train_mf(data.users, data.items, ratings, mf_options(settings), control));
  return std::unique_ptr<Encoder>(std::make_unique<MfEncoder>(std::move(model)));
}

}  // namespace tamis::models
