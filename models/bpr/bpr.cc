#include "models/bpr/bpr.h"

#include <cmath>
#include <span>
#include <string>
#include <utility>

#include "common/random.h"
#include "models/bpr/bpr_batch.h"
#include "models/epochs.h"
#include "models/require_option.h"

namespace tamis::models {
namespace {

AdagradRows random_rows(const InteractionMatrix& interactions, const BprOptions& options, bool keep_empty,
                        Random& random) {
  const std::size_t dim = options.dim;
  AdagradRows rows{.factors = std::vector<float>(interactions.rows * dim),
                   .square_means = std::vector<float>(interactions.rows)};
  const double stddev = options.init_stddev / std::sqrt(static_cast<double>(dim));
  for (std::uint32_t row = 0; row < interactions.rows; ++row) {
    const bool zero = !keep_empty && interactions.row_columns(row).empty();
    for (std::size_t d = 0; d < dim; ++d) {
      const auto value = static_cast<float>(stddev * random.normal());
      rows.factors[row * dim + d] = zero ? 0.0F : value;
    }
  }
  return rows;
}

template <typename T>
void shuffle(std::vector<T>& values, Random& random) {
  for (std::size_t i = values.size(); i > 1; --i) {
    std::swap(values[i - 1], values[random.below(static_cast<std::uint32_t>(i))]);
  }
}

}  // namespace

Status validate(const BprOptions& options) {
  TAMIS_RETURN_IF_ERROR(require(options.dim >= 1 && options.dim <= 2048, "dim", options.dim, "1..2048"));
  TAMIS_RETURN_IF_ERROR(require(options.epochs >= 1 && options.epochs <= 10'000, "epochs", options.epochs, "1..10000"));
  TAMIS_RETURN_IF_ERROR(require(options.batch >= 1 && options.batch <= 1U << 20, "batch", options.batch, "1..1048576"));
  TAMIS_RETURN_IF_ERROR(
      require(options.negatives >= 1 && options.negatives <= 256, "negatives", options.negatives, "1..256"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.disliked_weight) && options.disliked_weight >= 0,
                                "disliked_weight", options.disliked_weight, "a finite number of at least 0"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.learning_rate) && options.learning_rate > 0, "learning_rate",
                                options.learning_rate, "a finite number above 0"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.regularization) && options.regularization >= 0, "regularization",
                                options.regularization, "a finite number of at least 0"));
  return require(std::isfinite(options.init_stddev) && options.init_stddev > 0, "init_stddev", options.init_stddev,
                 "a finite number above 0");
}

std::vector<float> disliked_strengths(std::span<const float> weights) {
  double liked = 0;
  std::size_t count = 0;
  for (const float weight : weights) {
    if (!(weight > 0)) continue;
    liked += double{weight};
    ++count;
  }
  const double mean = count == 0 ? 0 : liked / static_cast<double>(count);
  std::vector<float> strengths(weights.size());
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] > 0) continue;
    const double ratio = std::min(1.0, mean > 0 ? std::abs(double{weights[i]}) / mean : 1.0);
    strengths[i] = static_cast<float>(ratio * ratio);
  }
  return strengths;
}

Result<BprModel> train_bpr(const InteractionMatrix& interactions, const BprOptions& options,
                           const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate(options));
  Random random(options.seed);
  AdagradRows users = random_rows(interactions, options, false, random);
  AdagradRows items = random_rows(interactions.transpose(), options, true, random);
  std::vector<BprBatch::Pair> pairs;
  pairs.reserve(interactions.nonzeros());
  for (std::uint32_t user = 0; user < interactions.rows; ++user) {
    const auto met = interactions.row_columns(user);
    const auto weights = interactions.row_weights(user);
    const std::vector<float> strengths = disliked_strengths(weights);
    for (std::size_t i = 0; i < met.size(); ++i) {
      if (weights[i] > 0 || options.disliked_weight > 0) pairs.push_back({user, met[i], strengths[i]});
    }
  }
  BprBatch batch(interactions, options);
  const TimeLimit limit(options.max_train_s);
  for (std::uint32_t epoch = 0; epoch < options.epochs && !limit.is_over(); ++epoch) {
    shuffle(pairs, random);
    for (std::size_t begin = 0; begin < pairs.size() && !limit.is_over(); begin += options.batch) {
      const std::size_t count = std::min<std::size_t>(options.batch, pairs.size() - begin);
      TAMIS_RETURN_IF_ERROR(batch.step(std::span(pairs).subspan(begin, count), random(), users, items, control));
    }
    control.progress((epoch + 1.0) / options.epochs,
                     "bpr epoch " + std::to_string(epoch + 1) + " of " + std::to_string(options.epochs));
  }
  return BprModel{.options = options,
                  .users = interactions.rows,
                  .items = interactions.columns,
                  .user_factors = std::move(users.factors),
                  .item_factors = std::move(items.factors)};
}

}  // namespace tamis::models
