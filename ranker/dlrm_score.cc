// Dlrm at inference: the plain forward pass.
#include <algorithm>

#include "models/parallel.h"
#include "ranker/dlrm.h"
#include "ranker/first_failure.h"

namespace tamis::ranker {

void interact(const DlrmLayout& layout, const float* vectors, float* inputs, InteractionScratch& scratch) {
  for (const std::size_t v : layout.concatenated) inputs = std::copy_n(vectors + v * layout.dim, layout.dim, inputs);
  if (layout.has_pairs) dot_pairs(layout.vectors.size(), layout.dim, vectors, inputs, scratch);
}

Status score_rows(const Dlrm& model, const FrozenNetwork& network, const ExampleTable& examples, std::size_t begin,
                  std::size_t end, float* logits, ScoreScratch& scratch) {
  const DlrmLayout& layout = model.layout();
  const std::size_t rows = end - begin;
  const std::size_t dim = layout.dim;
  const std::size_t width = layout.vectors.size() * dim;
  const std::size_t numbers = model.schema().numeric_fields().size();
  const std::size_t first_bottom = model.schema().id_fields().size();
  scratch.vectors.resize(rows * width);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t f = 0; f < first_bottom; ++f)
      TAMIS_RETURN_IF_ERROR(model.pool(examples, begin + i, f, &scratch.vectors[i * width + f * dim]));
  }
  for (std::size_t b = 0; b < network.bottoms.size(); ++b) {
    scratch.numeric.clear();
    for (std::size_t row = begin; row < end; ++row) {
      for (const std::size_t source : layout.bottoms[b].numeric)
        scratch.numeric.push_back(examples.numeric[row * numbers + source]);
    }
    scratch.bottom.resize(rows * dim);
    network.bottoms[b].forward(rows, scratch.numeric.data(), scratch.bottom.data(), scratch.mlp);
    for (std::size_t i = 0; i < rows; ++i)
      std::copy_n(&scratch.bottom[i * dim], dim, &scratch.vectors[i * width + (first_bottom + b) * dim]);
  }
  const float* inputs = scratch.vectors.data();
  if (!layout.is_plain_concatenation()) {
    scratch.inputs.resize(rows * layout.top_inputs());
    for (std::size_t i = 0; i < rows; ++i)
      interact(layout, &scratch.vectors[i * width], &scratch.inputs[i * layout.top_inputs()], scratch.interaction);
    inputs = scratch.inputs.data();
  }
  network.top.forward(rows, inputs, logits, scratch.mlp);
  return Status::ok();
}

Status score_examples(const Dlrm& model, const ExampleTable& examples, std::span<float> logits,
                      const models::TrainControl& control) {
  constexpr std::size_t kBlock = 512;
  const FrozenNetwork network = model.freeze();
  FirstFailure failure;
  TAMIS_RETURN_IF_ERROR(
      models::parallel_blocks(control, examples.rows, kBlock, [&](std::size_t begin, std::size_t end) {
        ScoreScratch scratch;
        failure.add(score_rows(model, network, examples, begin, end, &logits[begin], scratch));
      }));
  return failure.status();
}

}  // namespace tamis::ranker
