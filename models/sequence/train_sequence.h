// Training of sequence models: next-item prediction (SASRec) and masked items (BERT4Rec).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "common/status.h"
#include "models/sequence/sequence_dataset.h"
#include "models/sequence/sequence_encoder.h"
#include "models/sequence/sequence_loss.h"
#include "models/train_control.h"

namespace tamis::models {

struct SequenceTrainOptions {
  SequenceLossOptions loss;
  double learning_rate = 1e-3;
  std::uint32_t warmup_steps = 100;  // the rate rises from zero over these
  double final_rate = 1;  // share of the rate left at the end (of epochs or max_train_s); falls along a cosine
  double average = 0;     // 0..1: decay of a running mean of the weights, which is what is validated and kept; 0: none
  bool older_windows = false;          // whether sequences longer than max_length are learned from whole
  std::uint32_t batch = 128;           // sequences (or windows of them) per step
  std::uint32_t epochs = 200;          // at most
  std::uint32_t patience = 20;         // validations without a better score before it stops; 0: never
  std::uint32_t validate_every = 1;    // epochs
  double max_train_s = 0;              // of its thread: it stops then, in the midst of an epoch too; 0: never
  double mask_probability = 0.2;       // BERT4Rec, 0..1
  double last_mask_probability = 0.1;  // BERT4Rec, 0..1: share of sequences of which only the last action is hidden
  std::uint64_t seed = 42;
};

struct EpochReport {
  std::uint32_t epoch = 0;
  double loss = 0;   // per target
  double score = 0;  // of the validation; the last one's where this epoch had none
  double seconds = 0;
};

// Trains in place and leaves the parameters of the best validation score. `validate` gives that score (higher is
// better) and may be empty: then all epochs run. Deterministic by seed for any number of threads, unless max_train_s
// cuts it short. Errors: unavailable (cancelled), invalid_argument (no sequence of two).
Result<std::vector<EpochReport>> train_sequence(SequenceEncoder& encoder, const Sequences& sequences,
                                                const SequenceTrainOptions& options,
                                                const std::function<double()>& validate, const TrainControl& control);

}  // namespace tamis::models
