#include "models/mf/mf.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "common/random.h"
#include "models/blas.h"
#include "models/parallel.h"
#include "models/require_option.h"

namespace tamis::models {
namespace {

constexpr std::uint32_t kStrata = 8;  // groups of users and of items: at most as many threads help

// The ratings of one group of users with one group of items.
using Stratum = std::vector<Rating>;
using Strata = std::array<std::array<Stratum, kStrata>, kStrata>;  // [users' group][items' group]

Strata deal(std::span<const Rating> ratings) {
  Strata strata;
  for (const Rating& rating : ratings) strata[rating.user % kStrata][rating.item % kStrata].push_back(rating);
  return strata;
}

void fill_normal(Random& random, double stddev, std::uint32_t dim, const std::vector<bool>& rated,
                 std::vector<float>& factors) {
  for (std::size_t row = 0; row < rated.size(); ++row) {
    for (std::size_t d = 0; d < dim; ++d) {
      const auto value = static_cast<float>(stddev * random.normal());
      factors[row * dim + d] = rated[row] ? value : 0.0F;
    }
  }
}

MfModel random_model(std::uint32_t users, std::uint32_t items, std::span<const Rating> ratings,
                     const MfOptions& options) {
  MfModel model;
  model.options = options;
  model.users = users;
  model.items = items;
  model.user_bias.resize(users);
  model.item_bias.resize(items);
  model.user_factors.resize(std::size_t{users} * options.dim);
  model.item_factors.resize(std::size_t{items} * options.dim);
  std::vector<bool> user_rated(users);
  std::vector<bool> item_rated(items);
  double sum = 0;
  for (const Rating& rating : ratings) {
    user_rated[rating.user] = item_rated[rating.item] = true;
    sum += rating.value;
  }
  model.mean = static_cast<float>(sum / static_cast<double>(ratings.size()));
  Random random(options.seed);
  const double stddev = options.init_stddev / std::sqrt(std::max(1.0, static_cast<double>(options.dim)));
  fill_normal(random, stddev, options.dim, user_rated, model.user_factors);
  fill_normal(random, stddev, options.dim, item_rated, model.item_factors);
  return model;
}

// One visit of every rating of `stratum`, in an order drawn from `seed`.
void descend(Stratum& stratum, std::uint64_t seed, float rate, MfModel& model) {
  Random random(seed);
  for (std::size_t i = stratum.size(); i > 1; --i)
    std::swap(stratum[i - 1], stratum[random.below(static_cast<std::uint32_t>(i))]);
  const std::size_t dim = model.options.dim;
  const auto decay = static_cast<float>(model.options.regularization);
  const auto bias_decay = static_cast<float>(model.options.bias_regularization);
  for (const Rating& rating : stratum) {
    const float error = rating.value - model.predict(rating.user, rating.item);
    float& user_bias = model.user_bias[rating.user];
    float& item_bias = model.item_bias[rating.item];
    user_bias += rate * (error - bias_decay * user_bias);
    item_bias += rate * (error - bias_decay * item_bias);
    float* user = model.user_factors.data() + rating.user * dim;
    float* item = model.item_factors.data() + rating.item * dim;
    for (std::size_t d = 0; d < dim; ++d) {
      const float before = user[d];
      user[d] += rate * (error * item[d] - decay * before);
      item[d] += rate * (error * before - decay * item[d]);
    }
  }
}

bool is_finite(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float value) { return std::isfinite(value); });
}

}  // namespace

float MfModel::predict(std::uint32_t user, std::uint32_t item) const {
  const std::size_t dim = options.dim;
  return mean + user_bias[user] + item_bias[item] +
         blas::dot(dim, user_factors.data() + user * dim, item_factors.data() + item * dim);
}

Status validate(const MfOptions& options) {
  TAMIS_RETURN_IF_ERROR(require(options.dim <= 2048, "dim", options.dim, "0..2048"));
  TAMIS_RETURN_IF_ERROR(require(options.epochs >= 1 && options.epochs <= 10'000, "epochs", options.epochs, "1..10000"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.learning_rate) && options.learning_rate > 0, "learning_rate",
                                options.learning_rate, "a finite number above 0"));
  TAMIS_RETURN_IF_ERROR(
      require(options.rate_decay >= 0.1 && options.rate_decay <= 1, "rate_decay", options.rate_decay, "0.1..1"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.regularization) && options.regularization >= 0, "regularization",
                                options.regularization, "a finite number of at least 0"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.bias_regularization) && options.bias_regularization >= 0,
                                "bias_regularization", options.bias_regularization, "a finite number of at least 0"));
  return require(std::isfinite(options.init_stddev) && options.init_stddev > 0, "init_stddev", options.init_stddev,
                 "a finite number above 0");
}

Result<MfModel> train_mf(std::uint32_t users, std::uint32_t items, std::span<const Rating> ratings,
                         const MfOptions& options, const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate(options));
  if (ratings.empty()) return Status::failed_precondition("there are no ratings to learn from");
  for (const Rating& rating : ratings) {
    TAMIS_RETURN_IF_ERROR(require(std::isfinite(rating.value), "rating", rating.value, "a finite number"));
  }
  MfModel model = random_model(users, items, ratings, options);
  const auto by_value = [](const Rating& a, const Rating& b) { return a.value < b.value; };
  const auto [lowest, highest] = std::minmax_element(ratings.begin(), ratings.end(), by_value);
  model.range = {lowest->value, highest->value};
  Strata strata = deal(ratings);
  double rate = options.learning_rate;
  Random seeds(options.seed + 1);
  for (std::uint32_t epoch = 0; epoch < options.epochs; ++epoch) {
    const std::uint32_t first_shift = seeds.below(kStrata);
    for (std::uint32_t shift = 0; shift < kStrata; ++shift) {
      const std::uint64_t seed = seeds();
      TAMIS_RETURN_IF_ERROR(parallel_blocks(control, kStrata, 1, [&](std::size_t group, std::size_t) {
        descend(strata[group][(group + first_shift + shift) % kStrata], seed + group, static_cast<float>(rate), model);
      }));
    }
    rate *= options.rate_decay;
    control.progress((epoch + 1.0) / options.epochs,
                     "mf epoch " + std::to_string(epoch + 1) + " of " + std::to_string(options.epochs));
  }
  if (!is_finite(model.user_factors) || !is_finite(model.item_factors) || !is_finite(model.user_bias) ||
      !is_finite(model.item_bias))
    return Status::failed_precondition("the descent of mf diverged: lower `learning_rate`").at_field("learning_rate");
  return model;
}

}  // namespace tamis::models
