#include "models/graph_filter/blurring_sharpening.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include "models/blas.h"
#include "models/graph_filter/truncated_svd.h"
#include "models/require_option.h"
#include "models/sparse_accumulator.h"

namespace tamis::models {
namespace {

// degree^exponent of each row, exponent < 0; 0 for a row without entries.
std::vector<float> degree_weight(const InteractionMatrix& matrix, double exponent) {
  std::vector<float> weight(matrix.rows);
  for (std::uint32_t row = 0; row < matrix.rows; ++row) {
    const std::size_t degree = matrix.row_columns(row).size();
    if (degree > 0) weight[row] = static_cast<float>(std::pow(static_cast<double>(degree), exponent));
  }
  return weight;
}

}  // namespace

Status validate(const BlurringSharpeningOptions& options) {
  TAMIS_RETURN_IF_ERROR(require(options.rank >= 1 && options.rank <= 4096, "rank", options.rank, "1..4096"));
  TAMIS_RETURN_IF_ERROR(require(std::isfinite(options.low_pass_weight) && options.low_pass_weight >= 0,
                                "low_pass_weight", options.low_pass_weight, "a finite number of at least 0"));
  TAMIS_RETURN_IF_ERROR(require(options.sharpening_time >= 0 && options.sharpening_time <= 10, "sharpening_time",
                                options.sharpening_time, "0..10"));
  TAMIS_RETURN_IF_ERROR(require(options.sharpening_steps >= 1 && options.sharpening_steps <= 100, "sharpening_steps",
                                options.sharpening_steps, "1..100"));
  return require(options.svd_iterations >= 1 && options.svd_iterations <= 100, "svd_iterations", options.svd_iterations,
                 "1..100");
}

Result<BlurringSharpening> BlurringSharpening::build(const InteractionMatrix& interactions,
                                                     const BlurringSharpeningOptions& options,
                                                     const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate(options));
  BlurringSharpening filter;
  filter.options_ = options;
  filter.interactions_ = interactions;
  filter.set_degrees();
  InteractionMatrix normalized = interactions;
  for (std::uint32_t user = 0; user < interactions.rows; ++user) {
    for (std::uint64_t i = interactions.offsets[user]; i < interactions.offsets[user + 1]; ++i) {
      normalized.weight[i] = std::sqrt(filter.user_weight_[user]) * filter.item_weight_[interactions.column[i]];
    }
  }
  TAMIS_ASSIGN_OR_RETURN(
      TruncatedSvd svd,
      truncated_svd(normalized, normalized.transpose(),
                    {.rank = options.rank, .iterations = options.svd_iterations, .seed = options.seed}, control));
  filter.rank_ = svd.rank;
  filter.vectors_ = std::move(svd.vectors);
  return filter;
}

Result<BlurringSharpening> BlurringSharpening::restore(InteractionMatrix interactions,
                                                       const BlurringSharpeningOptions& options,
                                                       std::vector<float> vectors) {
  TAMIS_RETURN_IF_ERROR(validate(options));
  const std::size_t items = interactions.columns;
  if (items == 0 ? !vectors.empty() : vectors.size() % items != 0)
    return Status::invalid_argument("there are " + std::to_string(vectors.size()) +
                                    " values in the singular vectors, expected a multiple of the " +
                                    std::to_string(items) + " items");
  BlurringSharpening filter;
  filter.options_ = options;
  filter.interactions_ = std::move(interactions);
  filter.rank_ = items == 0 ? 0 : static_cast<std::uint32_t>(vectors.size() / items);
  filter.vectors_ = std::move(vectors);
  filter.set_degrees();
  return filter;
}

void BlurringSharpening::set_degrees() {
  by_item_ = interactions_.transpose();
  user_weight_ = degree_weight(interactions_, -1);
  item_weight_ = degree_weight(by_item_, -0.5);
}

// out = in * P.
template <std::size_t Lanes>
void BlurringSharpening::propagate(const Signals& in, Signals& out) const {
  thread_local Signals weighted;
  weighted.resize(in.size());
  for (std::size_t item = 0; item < items(); ++item) {
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      weighted[item * Lanes + lane] = in[item * Lanes + lane] * item_weight_[item];
    }
  }
  std::fill(out.begin(), out.end(), 0.0F);
  for (std::uint32_t user = 0; user < interactions_.rows; ++user) {
    std::array<float, Lanes> sum{};
    const auto columns = interactions_.row_columns(user);
    for (const std::size_t item : columns) {
      for (std::size_t lane = 0; lane < Lanes; ++lane) sum[lane] += weighted[item * Lanes + lane];
    }
    for (float& value : sum) value *= user_weight_[user];
    for (const std::size_t item : columns) {
      for (std::size_t lane = 0; lane < Lanes; ++lane) out[item * Lanes + lane] += sum[lane];
    }
  }
  for (std::size_t item = 0; item < items(); ++item) {
    for (std::size_t lane = 0; lane < Lanes; ++lane) out[item * Lanes + lane] *= item_weight_[item];
  }
}

// out = x * P for a history x: only the users who share an item with it pass anything on.
void BlurringSharpening::propagate_history(std::span<const std::uint32_t> history, Signals& out) const {
  thread_local SparseAccumulator reached;
  reached.reset(interactions_.rows);
  for (const std::uint32_t item : history) {
    for (const std::uint32_t user : by_item_.row_columns(item)) reached.add(user, item_weight_[item]);
  }
  std::fill(out.begin(), out.end(), 0.0F);
  for (const std::uint32_t user : reached.touched()) {
    const float signal = reached[user].total * user_weight_[user];
    for (const std::size_t item : interactions_.row_columns(user)) out[item] += signal;
  }
  for (std::size_t item = 0; item < items(); ++item) out[item] *= item_weight_[item];
}

template <std::size_t Lanes>
void BlurringSharpening::add_low_pass(std::span<const std::span<const std::uint32_t>> histories,
                                      Signals& signals) const {
  if (rank_ == 0 || options_.low_pass_weight == 0) return;
  std::vector<float> users(Lanes * rank_);
  for (std::size_t h = 0; h < histories.size(); ++h) {
    for (const std::size_t item : histories[h]) {
      blas::add_scaled(rank_, item_weight_[item], vectors_.data() + item * rank_, users.data() + h * rank_);
    }
  }
  std::vector<float> low(signals.size());
  blas::multiply_by_transposed(items(), Lanes, rank_, vectors_.data(), users.data(), low.data());
  const auto weight = static_cast<float>(options_.low_pass_weight);
  for (std::size_t item = 0; item < items(); ++item) {
    if (item_weight_[item] == 0) continue;
    const float scale = weight / item_weight_[item];
    for (std::size_t lane = 0; lane < Lanes; ++lane) {
      signals[item * Lanes + lane] += scale * low[item * Lanes + lane];
    }
  }
}

// s <- s exp(-time P), by Taylor's polynomial of order 4 in each step.
template <std::size_t Lanes>
void BlurringSharpening::sharpen(Signals& signals) const {
  if (options_.sharpening_time == 0) return;
  const double step = options_.sharpening_time / options_.sharpening_steps;
  Signals term(signals.size());
  Signals next(signals.size());
  for (std::uint32_t n = 0; n < options_.sharpening_steps; ++n) {
    term = signals;
    for (int order = 1; order <= 4; ++order) {
      propagate<Lanes>(term, next);
      const auto factor = static_cast<float>(-step / order);
      for (std::size_t i = 0; i < signals.size(); ++i) {
        next[i] *= factor;
        signals[i] += next[i];
      }
      std::swap(term, next);
    }
  }
}

void BlurringSharpening::score(std::span<const std::span<const std::uint32_t>> histories,
                               std::span<float> scores) const {
  Signals start(items() * kLanes);
  Signals signals(items() * kLanes);
  for (std::size_t begin = 0; begin < histories.size(); begin += kLanes) {
    const auto group = histories.subspan(begin, std::min(kLanes, histories.size() - begin));
    std::fill(start.begin(), start.end(), 0.0F);
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      for (const std::size_t item : group[lane]) start[item * kLanes + lane] = 1.0F;
    }
    propagate<kLanes>(start, signals);
    add_low_pass<kLanes>(group, signals);
    sharpen<kLanes>(signals);
    for (std::size_t lane = 0; lane < group.size(); ++lane) {
      float* out = scores.data() + (begin + lane) * items();
      for (std::size_t item = 0; item < items(); ++item) out[item] = signals[item * kLanes + lane];
    }
  }
}

void BlurringSharpening::score_one(std::span<const std::uint32_t> history, std::span<float> scores) const {
  thread_local Signals signals;
  signals.resize(items());
  propagate_history(history, signals);
  add_low_pass<1>({&history, 1}, signals);
  sharpen<1>(signals);
  std::copy(signals.begin(), signals.end(), scores.begin());
}

}  // namespace tamis::models
