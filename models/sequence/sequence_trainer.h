// SequenceTrainer: one step of gradient descent on a batch of sequences.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/nn/adam.h"
#include "models/sequence/sequence_batch.h"
#include "models/sequence/train_sequence.h"

namespace tamis::models {

// A batch is cut into micro-batches small enough for the caches and dealt to a fixed number of lanes; each lane sums
// the gradients of its own, and the lanes are added in order, so that nothing depends on the number of threads.
// Externally synchronised; threads inside. REQUIRES: encoder and sequences outlive it.
class SequenceTrainer {
 public:
  SequenceTrainer(SequenceEncoder& encoder, const Sequences& sequences, const SequenceTrainOptions& options);

  struct StepReport {
    double loss = 0;  // sum over targets
    std::uint64_t targets = 0;
  };
  // One step over the sequences `batch`, at `rate_scale` times the learning rate. REQUIRES: each has two actions.
  Result<StepReport> step(std::span<const std::uint32_t> batch, std::uint64_t step_seed, double rate_scale,
                          const TrainControl& control);

 private:
  // What one lane works with; reused over steps.
  struct Lane {
    Lane(const nn::Parameters& parameters, const SequenceLossOptions& loss) : gradients(parameters), objective(loss) {}
    nn::Gradients gradients;
    SequenceObjective objective;
    SequenceEncoder::Cache cache;
    SequenceBatch packed;
    std::vector<float> outputs, selected, dselected;
    StepReport sum;
  };

  double expected_targets(std::span<const std::uint32_t> batch) const;
  void pack(std::uint32_t sequence, Random& random, SequenceBatch& packed) const;
  void run_lane(std::size_t index, std::span<const std::uint32_t> batch, std::uint64_t step_seed, float scale);
  void run_micro_batch(Lane& lane, Random& random, float scale) const;

  SequenceEncoder& encoder_;
  const Sequences& sequences_;
  SequenceTrainOptions options_;
  nn::Adam adam_;
  std::vector<Lane> lanes_;
};

}  // namespace tamis::models
