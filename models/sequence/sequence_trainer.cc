#include "models/sequence/sequence_trainer.h"

#include <algorithm>

#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kMicroBatch = 8;  // sequences
constexpr std::size_t kLanes = 4;

}  // namespace

SequenceTrainer::SequenceTrainer(SequenceEncoder& encoder, const Sequences& sequences,
                                 const SequenceTrainOptions& options)
    : encoder_(encoder),
      sequences_(sequences),
      options_(options),
      adam_(encoder.parameters(), {.learning_rate = options.learning_rate}) {
  for (std::size_t i = 0; i < kLanes; ++i) lanes_.emplace_back(encoder.parameters(), options.loss);
}

Result<SequenceTrainer::StepReport> SequenceTrainer::step(std::span<const std::uint32_t> batch, std::uint64_t step_seed,
                                                          double rate_scale, const TrainControl& control) {
  const auto scale = static_cast<float>(1 / expected_targets(batch));
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, kLanes, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t lane = begin; lane < end; ++lane) run_lane(lane, batch, step_seed, scale);
  }));
  StepReport report = lanes_[0].sum;
  for (std::size_t lane = 1; lane < kLanes; ++lane) {
    lanes_[0].gradients.add(lanes_[lane].gradients);
    report.loss += lanes_[lane].sum.loss;
    report.targets += lanes_[lane].sum.targets;
  }
  adam_.step(encoder_.parameters(), lanes_[0].gradients, rate_scale);
  return report;
}

// Of the batch, by which the mean is taken; at least 1.
double SequenceTrainer::expected_targets(std::span<const std::uint32_t> batch) const {
  const auto& encoder = encoder_.options();
  double expected = 0;
  for (const std::uint32_t s : batch) {
    const std::size_t length = sequences_[s].size();
    if (encoder.bidirectional) {
      const auto visible = static_cast<double>(std::min<std::size_t>(length, encoder.max_length));
      expected += options_.last_mask_probability +
                  (1 - options_.last_mask_probability) * std::max(1.0, options_.mask_probability * visible);
    } else {
      expected += static_cast<double>(std::min<std::size_t>(length - 1, encoder.max_length));
    }
  }
  return std::max(expected, 1.0);
}

void SequenceTrainer::pack(std::uint32_t sequence, Random& random, SequenceBatch& packed) const {
  const auto& encoder = encoder_.options();
  if (!encoder.bidirectional) {
    packed.add_next_item(encoder, sequences_[sequence]);
  } else if (random.uniform() < options_.last_mask_probability) {
    packed.add_last_masked(encoder, sequences_[sequence]);
  } else {
    packed.add_masked(encoder, sequences_[sequence], options_.mask_probability, random);
  }
}

void SequenceTrainer::run_lane(std::size_t index, std::span<const std::uint32_t> batch, std::uint64_t step_seed,
                               float scale) {
  Lane& lane = lanes_[index];
  lane.gradients.clear();
  lane.sum = {};
  for (std::size_t first = index * kMicroBatch; first < batch.size(); first += kLanes * kMicroBatch) {
    Random random(step_seed + first);
    lane.packed.clear();
    for (const std::uint32_t s : batch.subspan(first, std::min(kMicroBatch, batch.size() - first))) {
      pack(s, random, lane.packed);
    }
    run_micro_batch(lane, random, scale);
  }
}

void SequenceTrainer::run_micro_batch(Lane& lane, Random& random, float scale) const {
  const std::size_t dim = encoder_.options().dim;
  const SequenceBatch& packed = lane.packed;
  lane.outputs.resize(packed.tokens.size() * dim);
  encoder_.forward(packed.offsets, packed.tokens, lane.outputs.data(), lane.cache, &random);

  lane.selected.resize(packed.rows.size() * dim);
  lane.dselected.resize(packed.rows.size() * dim);
  for (std::size_t i = 0; i < packed.rows.size(); ++i) {
    std::copy_n(&lane.outputs[packed.rows[i] * dim], dim, &lane.selected[i * dim]);
  }
  lane.sum.loss += lane.objective(encoder_, packed.targets, lane.selected.data(), scale, random, lane.dselected.data(),
                                  lane.gradients);
  lane.sum.targets += packed.targets.size();

  std::fill(lane.outputs.begin(), lane.outputs.end(), 0.0F);
  for (std::size_t i = 0; i < packed.rows.size(); ++i) {
    std::copy_n(&lane.dselected[i * dim], dim, &lane.outputs[packed.rows[i] * dim]);
  }
  encoder_.backward(packed.offsets, packed.tokens, lane.outputs.data(), lane.cache, lane.gradients);
}

}  // namespace tamis::models
