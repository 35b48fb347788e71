#include "models/two_tower/tower.h"

#include <algorithm>

#include "models/nn/activation.h"
#include "models/nn/shared_linear.h"
#include "models/nn/unit_norm.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kTowerRowsPerBlock = 128;
constexpr float kResidualStddev = 0.01F;  // the network starts as almost nothing

}  // namespace

Tower::TowerGradients::TowerGradients(const Tower& tower) : network(tower.network()) {
  for (std::size_t t = 0; t < tower.tables(); ++t) {
    tables.push_back(std::make_shared<nn::SparseGradient>(tower.table(t).rows(), tower.options().dim));
  }
}

void Tower::TowerGradients::clear() {
  for (const auto& table : tables) table->clear();
  network.clear();
}

Tower::Tower(const TowerOptions& options, Random& random) : options_(options) {
  for (const std::size_t rows : options.table_rows) {
    tables_.push_back(std::make_shared<nn::EmbeddingTable>(rows, options.dim, options.init_stddev, random));
  }
  borrowed_.assign(tables_.size(), false);
  if (options.hidden > 0) {
    first_ = nn::Linear(network_, "first", options.dim, options.hidden, random);
    second_ = nn::Linear(network_, "second", options.hidden, options.dim, random, kResidualStddev);
  }
}

void Tower::borrow_table(std::size_t own, const Tower& other, std::size_t theirs) {
  tables_[own] = other.tables_[theirs];
  borrowed_[own] = true;
}

Status Tower::forward(std::span<const nn::Bags> inputs, std::size_t rows, Cache& cache,
                      const TrainControl& control) const {
  const std::size_t dim = options_.dim;
  const std::size_t hidden = options_.hidden;
  cache.sum.assign(rows * dim, 0.0F);
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    if (tables_[t]->rows() == 0) continue;
    TAMIS_RETURN_IF_ERROR(nn::add_bags(*tables_[t], inputs[t], cache.sum.data(), control));
  }
  cache.out.resize(rows * dim);
  cache.norms.resize(rows);
  cache.hidden.resize(rows * hidden);
  cache.activated.resize(rows * hidden);
  return parallel_blocks(control, rows, kTowerRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    const std::size_t count = end - begin;
    const float* sum = cache.sum.data() + begin * dim;
    float* out = cache.out.data() + begin * dim;
    if (hidden == 0) {
      std::copy_n(sum, count * dim, out);
    } else {
      float* inner = cache.hidden.data() + begin * hidden;
      float* activated = cache.activated.data() + begin * hidden;
      first_.forward(network_, count, sum, inner);
      nn::activate(nn::Activation::kRelu, count * hidden, inner, activated);
      second_.forward(network_, count, activated, out);
      for (std::size_t i = 0; i < count * dim; ++i) out[i] += sum[i];
    }
    if (options_.unit_norm) nn::normalize_rows(count, dim, out, cache.norms.data() + begin);
  });
}

Status Tower::backward(std::span<const nn::Bags> inputs, std::size_t rows, float* dout, Cache& cache,
                       TowerGradients& gradients, const TrainControl& control) const {
  if (options_.unit_norm) {
    nn::normalize_rows_backward(rows, options_.dim, cache.out.data(), cache.norms.data(), dout);
  }
  if (options_.hidden > 0) {
    TAMIS_RETURN_IF_ERROR(network_backward(rows, dout, cache, gradients.network, control));
  }
  for (std::size_t t = 0; t < tables_.size(); ++t) {
    if (tables_[t]->rows() == 0) continue;
    TAMIS_RETURN_IF_ERROR(nn::add_bags_backward(inputs[t], dout, *gradients.tables[t], control));
  }
  return Status::ok();
}

// dout: from the gradient of sum + network(sum) to that of sum.
Status Tower::network_backward(std::size_t rows, float* dout, Cache& cache, nn::Gradients& gradients,
                               const TrainControl& control) const {
  const std::size_t hidden = rows * options_.hidden;
  std::vector<float> dhidden(hidden);
  std::vector<float> dsum(rows * options_.dim);
  TAMIS_RETURN_IF_ERROR(
      nn::backward_shared(second_, network_, rows, cache.activated.data(), dout, dhidden.data(), gradients, control));
  nn::activate_backward(nn::Activation::kRelu, hidden, cache.hidden.data(), dhidden.data(), dhidden.data());
  TAMIS_RETURN_IF_ERROR(
      nn::backward_shared(first_, network_, rows, cache.sum.data(), dhidden.data(), dsum.data(), gradients, control));
  for (std::size_t i = 0; i < dsum.size(); ++i) dout[i] += dsum[i];
  return Status::ok();
}

}  // namespace tamis::models
