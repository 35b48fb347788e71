#include "models/ials/ials.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

#include "common/random.h"
#include "models/blas.h"
#include "models/ials/ials_half_step.h"
#include "models/ials/ials_row_solver.h"
#include "models/require_option.h"

namespace tamis::models {
namespace {

Status validate_weights(const InteractionMatrix& interactions) {
  for (const float weight : interactions.weight) {
    if (!(std::isfinite(weight) && weight != 0)) {
      return Status::invalid_argument("an interaction has the weight " + std::to_string(weight) +
                                      ", expected a finite one that is not 0")
          .at_field("weight");
    }
  }
  return Status::ok();
}

void fill_normal(Random& random, double stddev, const InteractionMatrix& interactions, std::uint32_t dim,
                 std::vector<float>& factors) {
  for (std::size_t row = 0; row < interactions.rows; ++row) {
    const bool empty = interactions.offsets[row] == interactions.offsets[row + 1];
    for (std::size_t d = 0; d < dim; ++d) {
      const auto value = static_cast<float>(stddev * random.normal());
      factors[row * dim + d] = empty ? 0.0F : value;
    }
  }
}

double regularization_loss(const InteractionMatrix& interactions, const IalsOptions& options,
                           const std::vector<float>& factors) {
  double loss = 0;
  for (std::uint32_t row = 0; row < interactions.rows; ++row) {
    const float* factor = factors.data() + std::size_t{row} * options.dim;
    const double lambda = ials_row_regularization(options, interactions.row_columns(row).size(), interactions.columns);
    loss += lambda * blas::dot(options.dim, factor, factor);
  }
  return loss;
}

}  // namespace

Status validate(const IalsOptions& options) {
  const auto number = [](double value) { return std::to_string(value); };
  TAMIS_RETURN_IF_ERROR(
      require(options.dim >= 1 && options.dim <= 2048, "dim", std::to_string(options.dim), "1..2048"));
  TAMIS_RETURN_IF_ERROR(require(options.iterations >= 1 && options.iterations <= 1000, "iterations",
                                std::to_string(options.iterations), "1..1000"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.unobserved_weight) && options.unobserved_weight >= 0,
                                "unobserved_weight", number(options.unobserved_weight),
                                "a finite number of at least 0"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.regularization) && options.regularization > 0, "regularization",
                                number(options.regularization), "a finite number above 0"));
  TAMIS_RETURN_IF_ERROR(require(options.regularization_exponent >= 0 && options.regularization_exponent <= 1,
                                "regularization_exponent", number(options.regularization_exponent), "0..1"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.disliked_weight) && options.disliked_weight >= 0,
                                "disliked_weight", number(options.disliked_weight), "a finite number of at least 0"));
  TAMIS_RETURN_IF_ERROR(require(options.disliked_target >= -1 && options.disliked_target <= 0, "disliked_target",
                                number(options.disliked_target), "-1..0"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.init_stddev) && options.init_stddev > 0, "init_stddev",
                                number(options.init_stddev), "a finite number above 0"));
  TAMIS_RETURN_IF_ERROR(require(options.cg_steps >= 1 && options.cg_steps <= 100, "cg_steps",
                                std::to_string(options.cg_steps), "1..100"));
  return require(options.block >= 1 && options.block <= 2048, "block", std::to_string(options.block), "1..2048");
}

double unobserved_weight_for(std::uint32_t items) { return std::min(0.3, 300.0 / std::max<double>(1, items)); }

Result<IalsModel> train_ials(const InteractionMatrix& interactions, const IalsOptions& given,
                             const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate(given));
  IalsOptions options = given;
  if (options.unobserved_weight == 0) options.unobserved_weight = unobserved_weight_for(interactions.columns);
  TAMIS_RETURN_IF_ERROR(validate_weights(interactions));
  const InteractionMatrix by_item = interactions.transpose();
  IalsModel model{.options = options,
                  .users = interactions.rows,
                  .items = interactions.columns,
                  .user_factors = std::vector<float>(std::size_t{interactions.rows} * options.dim),
                  .item_factors = std::vector<float>(std::size_t{interactions.columns} * options.dim)};
  Random random(options.seed);
  const double stddev = options.init_stddev / std::sqrt(static_cast<double>(options.dim));
  fill_normal(random, stddev, interactions, options.dim, model.user_factors);
  fill_normal(random, stddev, by_item, options.dim, model.item_factors);
  for (std::uint32_t sweep = 0; sweep < options.iterations; ++sweep) {
    TAMIS_RETURN_IF_ERROR(control.check());
    TAMIS_RETURN_IF_ERROR(ials_half_step(interactions, options, model.item_factors, model.user_factors, control));
    TAMIS_RETURN_IF_ERROR(ials_half_step(by_item, options, model.user_factors, model.item_factors, control));
    control.progress((sweep + 1.0) / options.iterations,
                     "ials sweep " + std::to_string(sweep + 1) + " of " + std::to_string(options.iterations));
  }
  return model;
}

double ials_loss(const InteractionMatrix& interactions, const IalsModel& model) {
  const std::size_t dim = model.options.dim;
  double loss = 0;
  for (std::uint32_t user = 0; user < interactions.rows; ++user) {
    const auto items = interactions.row_columns(user);
    const IalsRow row = ials_row(interactions, model.options, user);
    const float* factor = model.user_factors.data() + user * dim;
    for (std::size_t i = 0; i < items.size(); ++i) {
      const IalsPair pair = row.pair(i);
      const double error = double{pair.target} - blas::dot(dim, factor, model.item_factors.data() + items[i] * dim);
      loss += double{pair.weight} * error * error;
    }
  }
  // The sum over all pairs of (p.q)^2 is the inner product of the two Gramians.
  IalsOptions plain = model.options;
  plain.unobserved_weight = 1;
  const auto user_gramian = ials_gramian(model.user_factors, plain, {});
  const auto item_gramian = ials_gramian(model.item_factors, plain, {});
  if (user_gramian.is_ok() && item_gramian.is_ok()) {
    double all_pairs = 0;
    for (std::size_t i = 0; i < dim * dim; ++i) all_pairs += double{(*user_gramian)[i]} * (*item_gramian)[i];
    loss += model.options.unobserved_weight * all_pairs;
  }
  return loss + regularization_loss(interactions, model.options, model.user_factors) +
         regularization_loss(interactions.transpose(), model.options, model.item_factors);
}

}  // namespace tamis::models
