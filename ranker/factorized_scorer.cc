#include "ranker/factorized_scorer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "models/blas.h"
#include "models/parallel.h"
#include "ranker/first_failure.h"

namespace tamis::ranker {
namespace {

enum class Part { kRequest, kItem, kCrossed };

Part part_of(FieldSide side) {
  if (side == FieldSide::kItem) return Part::kItem;
  return side == FieldSide::kCrossed ? Part::kCrossed : Part::kRequest;
}

float dot(std::size_t dim, const float* a, const float* b) {
  float sum = 0;
  for (std::size_t j = 0; j < dim; ++j) sum += a[j] * b[j];
  return sum;
}

void add_scaled_row(std::size_t width, float scale, const float* row, float* sum) {
  for (std::size_t j = 0; j < width; ++j) sum[j] += scale * row[j];
}

}  // namespace

FactorizedScorer::FactorizedScorer(std::shared_ptr<const Dlrm> model)
    : model_(std::move(model)), network_(model_->freeze()) {
  const DlrmLayout& layout = model_->layout();
  const FrozenLayer& first = network_.top.layers.front();
  const auto& vectors = layout.vectors;
  const auto append_rows = [&](std::size_t input, std::size_t count) {
    const auto begin = first.weight.begin() + static_cast<std::ptrdiff_t>(input * first.out);
    candidate_weight_.insert(candidate_weight_.end(), begin, begin + static_cast<std::ptrdiff_t>(count * first.out));
    candidate_inputs_ += count;
  };
  for (std::size_t v = 0; v < vectors.size(); ++v) {
    const Part part = part_of(vectors[v].side);
    (part == Part::kRequest ? request_side_.vectors : part == Part::kItem ? item_side_.vectors : crossed_).push_back(v);
  }
  // The order of fill_inputs(): concatenated crossed vectors, then products.
  for (std::size_t i = 0; i < layout.concatenated.size(); ++i) {
    const std::size_t v = layout.concatenated[i];
    switch (part_of(vectors[v].side)) {
      case Part::kRequest: request_side_.concatenated.push_back({v, i * layout.dim}); break;
      case Part::kItem: item_side_.concatenated.push_back({v, i * layout.dim}); break;
      case Part::kCrossed: {
        const auto found = std::find(crossed_.begin(), crossed_.end(), v);
        crossed_concatenated_.push_back(static_cast<std::size_t>(found - crossed_.begin()));
        append_rows(i * layout.dim, layout.dim);
        break;
      }
    }
  }
  if (!layout.has_pairs) return;
  const std::size_t first_pair = layout.concatenated.size() * layout.dim;
  const auto input_of = [&](std::size_t a, std::size_t b) {  // the place of (a, b), a < b, in dot_pairs()
    if (a > b) std::swap(a, b);
    return first_pair + a * vectors.size() - a * (a + 1) / 2 + (b - a - 1);
  };
  for (SideInputs* side : {&request_side_, &item_side_}) {
    for (std::size_t i = 0; i < side->vectors.size(); ++i) {
      for (std::size_t k = i + 1; k < side->vectors.size(); ++k)
        side->pairs.push_back({side->vectors[i], side->vectors[k], input_of(side->vectors[i], side->vectors[k])});
    }
  }
  for (const std::size_t item : item_side_.vectors) {
    for (const std::size_t other : request_side_.vectors) append_rows(input_of(item, other), 1);
    for (const std::size_t other : crossed_) append_rows(input_of(item, other), 1);
  }
  for (std::size_t c = 0; c < crossed_.size(); ++c) {
    for (const std::size_t other : request_side_.vectors) append_rows(input_of(crossed_[c], other), 1);
    for (std::size_t earlier = 0; earlier < c; ++earlier) append_rows(input_of(crossed_[c], crossed_[earlier]), 1);
  }
}

void FactorizedScorer::add_side(const SideInputs& side, const float* vectors, float* hidden) const {
  const FrozenLayer& first = network_.top.layers.front();
  const std::size_t dim = model_->layout().dim;
  for (const auto& [vector, input] : side.concatenated) {
    for (std::size_t j = 0; j < dim; ++j)
      add_scaled_row(first.out, vectors[vector * dim + j], &first.weight[(input + j) * first.out], hidden);
  }
  for (const auto& [a, b, input] : side.pairs)
    add_scaled_row(first.out, dot(dim, vectors + a * dim, vectors + b * dim), &first.weight[input * first.out], hidden);
}

Status FactorizedScorer::fill_vectors(const ExampleTable& examples, std::size_t row, Columns columns, float* vectors,
                                      Scratch& scratch) const {
  const DlrmLayout& layout = model_->layout();
  const std::size_t numbers = model_->schema().numeric_fields().size();
  for (std::size_t v = 0; v < layout.vectors.size(); ++v) {
    const VectorSource& source = layout.vectors[v];
    if (!is_column_of(columns, source.side)) continue;
    float* out = vectors + v * layout.dim;
    if (!source.is_bottom) {
      TAMIS_RETURN_IF_ERROR(model_->pool(examples, row, source.index, out));
      continue;
    }
    scratch.numeric.clear();
    for (const std::size_t number : layout.bottoms[source.index].numeric)
      scratch.numeric.push_back(examples.numeric[row * numbers + number]);
    network_.bottoms[source.index].forward(1, scratch.numeric.data(), out, scratch.mlp);
  }
  return Status::ok();
}

Result<FactorizedScorer::Items> FactorizedScorer::precompute(const ExampleTable& items,
                                                             const models::TrainControl& control) const {
  constexpr std::size_t kBlock = 256;
  TAMIS_RETURN_IF_ERROR(check_examples(model_->schema(), items, Columns::kItem));
  const DlrmLayout& layout = model_->layout();
  const std::size_t width = network_.top.layers.front().out;
  const std::size_t kept = item_side_.vectors.size() * layout.dim;
  Items result;
  result.rows = items.rows;
  result.hidden.assign(items.rows * width, 0.0F);
  result.vectors.resize(items.rows * kept);
  FirstFailure failure;
  TAMIS_RETURN_IF_ERROR(models::parallel_blocks(control, items.rows, kBlock, [&](std::size_t begin, std::size_t end) {
    Scratch scratch;
    std::vector<float> vectors(layout.vectors.size() * layout.dim);
    for (std::size_t row = begin; row < end; ++row) {
      if (Status filled = fill_vectors(items, row, Columns::kItem, vectors.data(), scratch); !filled.is_ok())
        return failure.add(std::move(filled));
      add_side(item_side_, vectors.data(), result.hidden.data() + row * width);
      float* out = result.vectors.data() + row * kept;
      for (const std::size_t v : item_side_.vectors)
        out = std::copy_n(vectors.data() + v * layout.dim, layout.dim, out);
    }
  }));
  TAMIS_RETURN_IF_ERROR(failure.status());
  return result;
}

Result<FactorizedScorer::Request> FactorizedScorer::prepare(const ExampleTable& user_and_context) const {
  TAMIS_RETURN_IF_ERROR(check_examples(model_->schema(), user_and_context, Columns::kUserAndContext));
  if (user_and_context.rows != 1)
    return Status::invalid_argument("a request has one row of features, not " + std::to_string(user_and_context.rows));
  const DlrmLayout& layout = model_->layout();
  Scratch scratch;
  std::vector<float> vectors(layout.vectors.size() * layout.dim);
  TAMIS_RETURN_IF_ERROR(fill_vectors(user_and_context, 0, Columns::kUserAndContext, vectors.data(), scratch));
  Request request;
  request.hidden = network_.top.layers.front().bias;
  add_side(request_side_, vectors.data(), request.hidden.data());
  request.panel.reserve(request_side_.vectors.size() + crossed_.size(), layout.dim);
  for (std::size_t i = 0; i < request_side_.vectors.size(); ++i)
    request.panel.set(i, vectors.data() + request_side_.vectors[i] * layout.dim);
  return request;
}

// Each dots() writes a whole block: what lies behind its last product is overwritten by the next.
void FactorizedScorer::fill_inputs(const float* item_vectors, const float* crossed_vectors, DotPanel& panel,
                                   float* inputs) const {
  const DlrmLayout& layout = model_->layout();
  const std::size_t dim = layout.dim;
  for (const std::size_t c : crossed_concatenated_)
    inputs = std::copy_n(crossed_vectors + crossed_[c] * dim, dim, inputs);
  if (!layout.has_pairs) return;
  const std::size_t requests = request_side_.vectors.size();
  for (std::size_t c = 0; c < crossed_.size(); ++c) panel.set(requests + c, crossed_vectors + crossed_[c] * dim);
  for (std::size_t i = 0; i < item_side_.vectors.size(); ++i, inputs += requests + crossed_.size())
    panel.dots(item_vectors + i * dim, inputs);
  for (std::size_t c = 0; c < crossed_.size(); ++c) {
    panel.dots(crossed_vectors + crossed_[c] * dim, inputs);
    inputs += requests + c;
  }
}

Status FactorizedScorer::score(const Request& request, const Items& items, std::span<const std::uint32_t> candidates,
                               const ExampleTable& crossed, std::span<float> logits, Scratch& scratch) const {
  const std::size_t width = network_.top.layers.front().out;
  const std::size_t kept = item_side_.vectors.size() * model_->layout().dim;
  std::vector<ItemPart> parts;
  parts.reserve(candidates.size());
  for (const std::uint32_t item : candidates) {
    if (item >= items.rows)
      return Status::invalid_argument("item " + std::to_string(item) + " is not among the " +
                                      std::to_string(items.rows) + " items");
    parts.push_back({items.hidden.data() + item * width, items.vectors.data() + item * kept});
  }
  return score(request, parts, crossed, logits, scratch);
}

Status FactorizedScorer::score(const Request& request, std::span<const ItemPart> items, const ExampleTable& crossed,
                               std::span<float> logits, Scratch& scratch) const {
  const std::size_t rows = items.size();
  if (logits.size() != rows || (has_crossed_fields() && crossed.rows != rows))
    return Status::invalid_argument("there are " + std::to_string(rows) + " candidates, " +
                                    std::to_string(crossed.rows) + " rows of crossed features and room for " +
                                    std::to_string(logits.size()) + " scores");
  if (has_crossed_fields()) TAMIS_RETURN_IF_ERROR(check_examples(model_->schema(), crossed, Columns::kCrossed));
  if (rows == 0) return Status::ok();

  const DlrmLayout& layout = model_->layout();
  const std::size_t width = network_.top.layers.front().out;
  scratch.panel = request.panel;
  scratch.inputs.resize(rows * candidate_inputs_ + scratch.panel.padded());
  scratch.hidden.resize(rows * width);
  scratch.vectors.resize(layout.vectors.size() * layout.dim);
  for (std::size_t i = 0; i < rows; ++i) {
    if (has_crossed_fields())
      TAMIS_RETURN_IF_ERROR(fill_vectors(crossed, i, Columns::kCrossed, scratch.vectors.data(), scratch));
    fill_inputs(items[i].vectors, scratch.vectors.data(), scratch.panel, scratch.inputs.data() + i * candidate_inputs_);
    float* hidden = scratch.hidden.data() + i * width;
    for (std::size_t j = 0; j < width; ++j) hidden[j] = request.hidden[j] + items[i].hidden[j];
  }
  if (candidate_inputs_ > 0)
    models::blas::add_multiply(rows, width, candidate_inputs_, scratch.inputs.data(), candidate_weight_.data(),
                               scratch.hidden.data());
  for (float& value : scratch.hidden) value = value > 0 ? value : 0;
  network_.top.forward_after_first(rows, scratch.hidden.data(), logits.data(), scratch.mlp);
  return Status::ok();
}

}  // namespace tamis::ranker
