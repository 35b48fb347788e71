#include "models/ease/ease.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <string>

#include "models/blas.h"
#include "models/ease/sparse_ease.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kEaseRowsPerBlock = 64;

// X^T X + lambda I, [items, items], both triangles.
Status fill_gramian(const InteractionMatrix& interactions, const EaseOptions& options, const TrainControl& control,
                    std::vector<float>& gramian) {
  const InteractionMatrix by_item = interactions.transpose();
  const std::size_t items = interactions.columns;
  return parallel_blocks(control, items, kEaseRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      float* row = gramian.data() + item * items;
      const auto users = by_item.row_columns(static_cast<std::uint32_t>(item));
      const auto weights = by_item.row_weights(static_cast<std::uint32_t>(item));
      for (std::size_t u = 0; u < users.size(); ++u) {
        const float own = ease_entry(weights[u], options.disliked_weight);
        const auto others = interactions.row_columns(users[u]);
        const auto other_weights = interactions.row_weights(users[u]);
        for (std::size_t o = 0; o < others.size(); ++o)
          row[others[o]] += own * ease_entry(other_weights[o], options.disliked_weight);
      }
      row[item] += static_cast<float>(options.regularization);
    }
  });
}

}  // namespace

Status validate(const EaseOptions& options) {
  if (!(std::isfinite(options.regularization) && options.regularization > 0)) {
    return Status::invalid_argument("regularization is " + std::to_string(options.regularization) +
                                    ", expected a finite number above 0")
        .at_field("regularization");
  }
  if (!(std::isfinite(options.disliked_weight) && options.disliked_weight >= 0)) {
    return Status::invalid_argument("disliked_weight is " + std::to_string(options.disliked_weight) +
                                    ", expected a finite number of at least 0")
        .at_field("disliked_weight");
  }
  if (options.max_items < 1 || options.max_items > 40'000) {
    return Status::invalid_argument("max_items is " + std::to_string(options.max_items) + ", expected 1..40000")
        .at_field("max_items");
  }
  if (options.candidates < 1 || options.candidates > 5'000) {
    return Status::invalid_argument("candidates is " + std::to_string(options.candidates) + ", expected 1..5000")
        .at_field("candidates");
  }
  return Status::ok();
}

Result<EaseModel> train_ease(const InteractionMatrix& interactions, const EaseOptions& options,
                             const TrainControl& control) {
  TAMIS_RETURN_IF_ERROR(validate(options));
  const std::size_t items = interactions.columns;
  const std::size_t size_mib = items * items * sizeof(float) >> 20;
  EaseModel model{.items = interactions.columns, .weights = {}};
  if (items > options.max_items) {
    model.candidates = options.candidates;
    TAMIS_ASSIGN_OR_RETURN(model.sparse_weights, train_sparse_ease(interactions, options, control));
    return model;
  }
  try {
    model.weights.assign(items * items, 0.0F);
  } catch (const std::bad_alloc&) {
    return Status::resource_exhausted("no memory for the " + std::to_string(size_mib) + " MiB of ease");
  }
  TAMIS_RETURN_IF_ERROR(fill_gramian(interactions, options, control, model.weights));
  control.progress(0.1, "ease, inverting " + std::to_string(items) + " items");
  if (!blas::invert_positive_definite(items, model.weights.data())) {
    return Status::failed_precondition("ease's equations are singular in single precision: raise `regularization`");
  }
  std::vector<float> diagonal(items);
  for (std::size_t item = 0; item < items; ++item) diagonal[item] = model.weights[item * items + item];
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, items, kEaseRowsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      float* weights = model.weights.data() + row * items;
      for (std::size_t column = 0; column < items; ++column) weights[column] /= -diagonal[column];
      weights[row] = 0;
    }
  }));
  control.progress(1, "ease of " + std::to_string(items) + " items");
  return model;
}

float ease_entry(float weight, double disliked_weight) {
  return weight < 0 ? -static_cast<float>(disliked_weight) : 1.0F;
}

void score_ease(const EaseModel& model, std::span<const std::uint32_t> history, std::span<float> scores,
                std::span<const float> entries) {
  std::fill(scores.begin(), scores.end(), 0.0F);
  const SparseRows& sparse = model.sparse_weights;
  for (std::size_t h = 0; h < history.size(); ++h) {
    const float entry = entries.empty() ? 1.0F : entries[h];
    const std::size_t item = history[h];
    if (model.is_sparse()) {
      for (std::uint64_t n = sparse.offsets[item]; n < sparse.offsets[item + 1]; ++n)
        scores[sparse.column[n]] += entry * sparse.weight[n];
    } else {
      blas::add_scaled(model.items, entry, model.weights.data() + item * model.items, scores.data());
    }
  }
}

}  // namespace tamis::models
