#include "models/nn/sparse_optimizer.h"

#include <cmath>

#include "models/parallel.h"

namespace tamis::models::nn {
namespace {

constexpr std::size_t kRowsPerBlock = 512;

}  // namespace

SparseAdam::SparseAdam(const EmbeddingTable& table, const AdamOptions& options)
    : options_(options), mean_(table.values().size(), 0.0F), variance_(table.values().size(), 0.0F) {}

Status SparseAdam::step(EmbeddingTable& table, const SparseGradient& gradient, const TrainControl& control,
                        double rate_scale) {
  ++steps_;
  const auto t = static_cast<double>(steps_);
  const double rate = options_.learning_rate * rate_scale;
  const auto step_size = static_cast<float>(rate / (1 - std::pow(options_.beta1, t)));
  const auto correction = static_cast<float>(1 / std::sqrt(1 - std::pow(options_.beta2, t)));
  const auto beta1 = static_cast<float>(options_.beta1);
  const auto beta2 = static_cast<float>(options_.beta2);
  const auto epsilon = static_cast<float>(options_.epsilon);
  const auto keep = static_cast<float>(1 - rate * options_.weight_decay);
  const auto touched = gradient.touched();
  const std::size_t dim = table.dim();
  return parallel_blocks(control, touched.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t slot = begin; slot < end; ++slot) {
      const float* g = gradient.at_slot(static_cast<std::uint32_t>(slot));
      float* value = table.row(touched[slot]);
      float* mean = mean_.data() + touched[slot] * dim;
      float* variance = variance_.data() + touched[slot] * dim;
      for (std::size_t d = 0; d < dim; ++d) {
        mean[d] = beta1 * mean[d] + (1 - beta1) * g[d];
        variance[d] = beta2 * variance[d] + (1 - beta2) * g[d] * g[d];
        value[d] = keep * value[d] - step_size * mean[d] / (std::sqrt(variance[d]) * correction + epsilon);
      }
    }
  });
}

RowAdagrad::RowAdagrad(const EmbeddingTable& table, const RowAdagradOptions& options)
    : options_(options), accumulator_(table.rows(), static_cast<float>(options.initial_accumulator)) {}

Status RowAdagrad::step(EmbeddingTable& table, const SparseGradient& gradient, const TrainControl& control,
                        double rate_scale) {
  const auto rate = static_cast<float>(options_.learning_rate * rate_scale);
  const auto epsilon = static_cast<float>(options_.epsilon);
  const auto touched = gradient.touched();
  const std::size_t dim = table.dim();
  return parallel_blocks(control, touched.size(), kRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t slot = begin; slot < end; ++slot) {
      const float* g = gradient.at_slot(static_cast<std::uint32_t>(slot));
      float squares = 0;
      for (std::size_t d = 0; d < dim; ++d) squares += g[d] * g[d];
      float& accumulator = accumulator_[touched[slot]];
      accumulator += squares / static_cast<float>(dim);
      const float step_size = rate / (std::sqrt(accumulator) + epsilon);
      float* value = table.row(touched[slot]);
      for (std::size_t d = 0; d < dim; ++d) value[d] -= step_size * g[d];
    }
  });
}

}  // namespace tamis::models::nn
