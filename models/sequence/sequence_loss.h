// What a sequence model is punished for: how each position's vector scores its target among the other items.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/random.h"
#include "models/sequence/sequence_encoder.h"

namespace tamis::models {

enum class SequenceLoss {
  kFullSoftmax,     // over all items (Klenitskiy & Vasilev 2023, arXiv:2309.07602)
  kSampledSoftmax,  // over the targets of a micro-batch and `negatives` uniform items, drawn once per micro-batch
  kBinary,          // each target against `negatives` items of its own: BCE, and gBCE where `calibration` > 0
};

struct SequenceLossOptions {
  SequenceLoss loss = SequenceLoss::kFullSoftmax;
  std::uint32_t negatives = 3000;  // of the sampled losses, >= 1
  double calibration = 0;          // of kBinary, 0..1: the t of gBCE (nn/binary_loss.h)
};

// The loss of packed rows and its gradients. Holds scratch only: one per worker. Externally synchronised.
class SequenceObjective {
 public:
  explicit SequenceObjective(const SequenceLossOptions& options) : options_(options) {}

  // x [targets, dim] -> the sum of losses; dx [targets, dim] (overwritten) and the item embedding's part of `gradients`
  // (added to) get the gradients times `scale`.
  double operator()(const SequenceEncoder& encoder, std::span<const std::uint32_t> targets, const float* x, float scale,
                    Random& random, float* dx, nn::Gradients& gradients);

 private:
  double sampled_softmax(const SequenceEncoder& encoder, std::span<const std::uint32_t> targets, const float* x,
                         float scale, Random& random, float* dx, nn::Gradients& gradients);
  double binary(const SequenceEncoder& encoder, std::span<const std::uint32_t> targets, const float* x, float scale,
                Random& random, float* dx, nn::Gradients& gradients);

  SequenceLossOptions options_;
  std::vector<std::uint32_t> classes_, class_targets_;  // sampled
  std::vector<float> sampled_, dsampled_;               // [classes, dim]
};

}  // namespace tamis::models
