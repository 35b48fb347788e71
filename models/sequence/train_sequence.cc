#include "models/sequence/train_sequence.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>

#include "models/nn/adam.h"
#include "models/nn/softmax_loss.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

// A step's batch is cut into micro-batches small enough for the caches; each lane sums the gradients of its own, so
// that the sums do not depend on the number of threads.
constexpr std::size_t kMicroBatch = 8;
constexpr std::size_t kLanes = 4;

// One micro-batch, packed: inputs, and the rows that have a target.
struct Packed {
  std::vector<std::uint32_t> offsets;
  std::vector<std::uint32_t> tokens;
  std::vector<std::uint32_t> rows;
  std::vector<std::uint32_t> targets;

  void clear() {
    offsets.assign(1, 0);
    tokens.clear();
    rows.clear();
    targets.clear();
  }
};

void pack_next_item(const SequenceEncoderOptions& encoder, const std::vector<std::uint32_t>& sequence, Packed& packed) {
  const std::size_t length = std::min<std::size_t>(sequence.size() - 1, encoder.max_length);
  const std::size_t first = sequence.size() - 1 - length;
  for (std::size_t i = first; i + 1 < sequence.size(); ++i) {
    packed.rows.push_back(static_cast<std::uint32_t>(packed.tokens.size()));
    packed.tokens.push_back(sequence[i]);
    packed.targets.push_back(sequence[i + 1]);
  }
  packed.offsets.push_back(static_cast<std::uint32_t>(packed.tokens.size()));
}

void pack_masked(const SequenceEncoderOptions& encoder, double probability, const std::vector<std::uint32_t>& sequence,
                 Random& random, Packed& packed) {
  const std::size_t length = std::min<std::size_t>(sequence.size(), encoder.max_length);
  const std::size_t before = packed.rows.size();
  for (std::size_t i = sequence.size() - length; i < sequence.size(); ++i) {
    const bool masked = random.uniform() < probability || (i + 1 == sequence.size() && packed.rows.size() == before);
    if (masked) {
      packed.rows.push_back(static_cast<std::uint32_t>(packed.tokens.size()));
      packed.targets.push_back(sequence[i]);
    }
    packed.tokens.push_back(masked ? encoder.items : sequence[i]);
  }
  packed.offsets.push_back(static_cast<std::uint32_t>(packed.tokens.size()));
}

// What one lane works with; reused over steps.
struct Lane {
  explicit Lane(const nn::Parameters& parameters) : gradients(parameters) {}
  nn::Gradients gradients;
  SequenceEncoder::Cache cache;
  Packed packed;
  std::vector<float> outputs, selected, dselected;
  std::vector<float> sampled, dsampled;  // rows of the item embedding, for the sampled loss
  double loss = 0;
};

class Trainer {
 public:
  Trainer(SequenceEncoder& encoder, const Sequences& sequences, const SequenceTrainOptions& options)
      : encoder_(encoder),
        sequences_(sequences),
        options_(options),
        adam_(encoder.parameters(), {.learning_rate = options.learning_rate}) {
    for (std::size_t i = 0; i < kLanes; ++i) lanes_.emplace_back(encoder.parameters());
  }

  // One step over the sequences of `batch`; returns the sum of losses, sets the number of targets.
  Result<double> step(std::span<const std::uint32_t> batch, std::uint64_t step_seed, const TrainControl& control,
                      std::uint64_t* targets) {
    std::size_t expected = 0;  // targets of the batch, by which the mean is taken
    for (const std::uint32_t s : batch) expected += expected_targets(sequences_[s].size());
    const float scale = 1 / static_cast<float>(std::max<std::size_t>(expected, 1));
    std::uint64_t counts[kLanes] = {};
    TAMIS_RETURN_IF_ERROR(parallel_blocks(control, kLanes, 1, [&](std::size_t begin, std::size_t end) {
      for (std::size_t lane = begin; lane < end; ++lane) counts[lane] = run_lane(lane, batch, step_seed, scale);
    }));
    double loss = lanes_[0].loss;
    *targets = counts[0];
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
      lanes_[0].gradients.add(lanes_[lane].gradients);
      loss += lanes_[lane].loss;
      *targets += counts[lane];
    }
    adam_.step(encoder_.parameters(), lanes_[0].gradients);
    return loss;
  }

 private:
  std::size_t expected_targets(std::size_t length) const {
    const auto& encoder = encoder_.options();
    if (!encoder.bidirectional) return std::min<std::size_t>(length - 1, encoder.max_length);
    return std::max<std::size_t>(
        1, static_cast<std::size_t>(options_.mask_probability *
                                    static_cast<double>(std::min<std::size_t>(length, encoder.max_length))));
  }

  std::uint64_t run_lane(std::size_t index, std::span<const std::uint32_t> batch, std::uint64_t step_seed,
                         float scale) {
    Lane& lane = lanes_[index];
    lane.gradients.clear();
    lane.loss = 0;
    std::uint64_t targets = 0;
    for (std::size_t first = index * kMicroBatch; first < batch.size(); first += kLanes * kMicroBatch) {
      Random random(step_seed + first);
      const auto part = batch.subspan(first, std::min(kMicroBatch, batch.size() - first));
      lane.packed.clear();
      for (const std::uint32_t s : part) {
        if (encoder_.options().bidirectional) {
          pack_masked(encoder_.options(), options_.mask_probability, sequences_[s], random, lane.packed);
        } else {
          pack_next_item(encoder_.options(), sequences_[s], lane.packed);
        }
      }
      run_micro_batch(lane, random, scale);
      targets += lane.packed.rows.size();
    }
    return targets;
  }

  void run_micro_batch(Lane& lane, Random& random, float scale) {
    const std::size_t dim = encoder_.options().dim;
    const Packed& packed = lane.packed;
    lane.outputs.resize(packed.tokens.size() * dim);
    encoder_.forward(packed.offsets, packed.tokens, lane.outputs.data(), lane.cache, &random);

    lane.selected.resize(packed.rows.size() * dim);
    lane.dselected.resize(packed.rows.size() * dim);
    for (std::size_t i = 0; i < packed.rows.size(); ++i) {
      std::copy_n(&lane.outputs[packed.rows[i] * dim], dim, &lane.selected[i * dim]);
    }
    lane.loss +=
        options_.loss == SequenceLoss::kFullSoftmax ? full_softmax(lane, scale) : sampled_softmax(lane, random, scale);

    std::fill(lane.outputs.begin(), lane.outputs.end(), 0.0F);
    for (std::size_t i = 0; i < packed.rows.size(); ++i) {
      std::copy_n(&lane.dselected[i * dim], dim, &lane.outputs[packed.rows[i] * dim]);
    }
    encoder_.backward(packed.offsets, packed.tokens, lane.outputs.data(), lane.cache, lane.gradients);
  }

  double full_softmax(Lane& lane, float scale) const {
    const nn::SoftmaxLossOptions loss{.dim = encoder_.options().dim, .classes = encoder_.options().items};
    return nn::softmax_loss(loss, lane.packed.rows.size(), lane.selected.data(), encoder_.item_embeddings(),
                            lane.packed.targets, nullptr, scale, lane.dselected.data(),
                            lane.gradients.data(encoder_.item_embedding_slice()));
  }

  // Classes: the distinct targets of the micro-batch and `negatives` uniform draws, shared by its rows.
  double sampled_softmax(Lane& lane, Random& random, float scale) const {
    const std::size_t dim = encoder_.options().dim;
    std::vector<std::uint32_t> classes(lane.packed.targets);
    for (std::uint32_t i = 0; i < options_.negatives; ++i) classes.push_back(random.below(encoder_.options().items));
    std::sort(classes.begin(), classes.end());
    classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
    std::vector<std::uint32_t> targets(lane.packed.targets);
    for (std::uint32_t& target : targets) {
      target = static_cast<std::uint32_t>(std::lower_bound(classes.begin(), classes.end(), target) - classes.begin());
    }
    lane.sampled.resize(classes.size() * dim);
    lane.dsampled.assign(classes.size() * dim, 0.0F);
    for (std::size_t c = 0; c < classes.size(); ++c) {
      std::copy_n(encoder_.item_embeddings() + classes[c] * dim, dim, &lane.sampled[c * dim]);
    }
    const nn::SoftmaxLossOptions loss{.dim = dim, .classes = classes.size()};
    const double value = nn::softmax_loss(loss, lane.packed.rows.size(), lane.selected.data(), lane.sampled.data(),
                                          targets, nullptr, scale, lane.dselected.data(), lane.dsampled.data());
    float* gradient = lane.gradients.data(encoder_.item_embedding_slice());
    for (std::size_t c = 0; c < classes.size(); ++c) {
      for (std::size_t j = 0; j < dim; ++j) gradient[classes[c] * dim + j] += lane.dsampled[c * dim + j];
    }
    return value;
  }

  SequenceEncoder& encoder_;
  const Sequences& sequences_;
  SequenceTrainOptions options_;
  nn::Adam adam_;
  std::vector<Lane> lanes_;
};

}  // namespace

Result<std::vector<EpochReport>> train_sequence(SequenceEncoder& encoder, const Sequences& sequences,
                                                const SequenceTrainOptions& options,
                                                const std::function<double()>& validate, const TrainControl& control) {
  std::vector<std::uint32_t> order;
  for (std::uint32_t s = 0; s < sequences.size(); ++s) {
    if (sequences[s].size() >= 2) order.push_back(s);
  }
  if (order.empty()) return Status::invalid_argument("there is no sequence of two or more actions to learn from");

  Trainer trainer(encoder, sequences, options);
  Random random(options.seed);
  std::vector<EpochReport> reports;
  std::vector<float> best;
  double best_score = 0;
  std::uint32_t best_epoch = 0;
  for (std::uint32_t epoch = 1; epoch <= options.epochs; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[random.below(static_cast<std::uint32_t>(i))]);
    double loss = 0;
    std::uint64_t targets = 0;
    for (std::size_t first = 0; first < order.size(); first += options.batch) {
      TAMIS_RETURN_IF_ERROR(control.check());
      const auto batch = std::span(order).subspan(first, std::min<std::size_t>(options.batch, order.size() - first));
      std::uint64_t step_targets = 0;
      TAMIS_ASSIGN_OR_RETURN(const double step_loss, trainer.step(batch, random(), control, &step_targets));
      loss += step_loss;
      targets += step_targets;
    }
    EpochReport report{.epoch = epoch, .loss = loss / static_cast<double>(targets), .score = 0, .seconds = 0};
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    if (validate) {
      report.score = validate();
      if (best.empty() || report.score > best_score) {
        best_score = report.score;
        best_epoch = epoch;
        best.assign(encoder.parameters().values().begin(), encoder.parameters().values().end());
      }
    }
    reports.push_back(report);
    char detail[128];
    std::snprintf(detail, sizeof detail, "epoch %u: loss %.4f, score %.4f, %.1f s", epoch, report.loss, report.score,
                  report.seconds);
    control.progress(static_cast<double>(epoch) / options.epochs, detail);
    if (validate && options.patience > 0 && epoch - best_epoch >= options.patience) break;
  }
  if (!best.empty()) std::copy(best.begin(), best.end(), encoder.parameters().values().begin());
  return reports;
}

}  // namespace tamis::models
