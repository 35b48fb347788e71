// Training of sequence models: next-item prediction (SASRec) and masked items (BERT4Rec).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "common/status.h"
#include "models/sequence/sequence_encoder.h"
#include "models/train_control.h"

namespace tamis::models {

enum class SequenceLoss {
  kFullSoftmax,     // over all items (Klenitskiy & Vasilev 2023, arXiv:2309.07602)
  kSampledSoftmax,  // over the target and `negatives` uniform items, drawn once per micro-batch
};

struct SequenceTrainOptions {
  SequenceLoss loss = SequenceLoss::kFullSoftmax;
  std::uint32_t negatives = 3000;  // of kSampledSoftmax, 1..items
  double learning_rate = 1e-3;
  std::uint32_t batch = 128;      // sequences per step
  std::uint32_t epochs = 200;     // at most
  std::uint32_t patience = 20;    // epochs without a better validation score before it stops; 0: never
  double mask_probability = 0.2;  // BERT4Rec, 0..1
  std::uint64_t seed = 42;
};

using Sequences = std::vector<std::vector<std::uint32_t>>;

// Trains in place and leaves the parameters of the best validation score. `validate` gives that score (higher is
// better) and may be empty: then all epochs run. Deterministic by seed for any number of threads. `reported` gets the
// loss per target, the score and the seconds of each epoch. Errors: unavailable (cancelled), invalid_argument (no
// sequence of two).
struct EpochReport {
  std::uint32_t epoch = 0;
  double loss = 0;
  double score = 0;
  double seconds = 0;
};
Result<std::vector<EpochReport>> train_sequence(SequenceEncoder& encoder, const Sequences& sequences,
                                                const SequenceTrainOptions& options,
                                                const std::function<double()>& validate, const TrainControl& control);

}  // namespace tamis::models
