// Training of a Dlrm: binary cross-entropy over mini-batches, Adam, early stop on a validation part.
#pragma once

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "models/train_control.h"
#include "ranker/dlrm.h"

namespace tamis::ranker {

struct DlrmTrainOptions {
  double learning_rate = 1e-3;  // of Adam, > 0
  std::uint32_t batch = 4096;   // examples per step
  std::uint32_t epochs = 20;    // at most
  std::uint32_t patience = 2;   // epochs in a row without a better validation AUC before it stops; 0: never
  double plateau_decay = 0.1;   // times the learning rate after each such epoch, 0..1
  // Whether the learning rate falls in a line to 0 over all epochs (times what plateaus took), or stays.
  bool linear_decay = false;
  double embedding_l2 = 0;  // lambda of lambda/2 |row|^2, added to the mean loss of a batch
  // Whether a step moves the rows that its batch touches alone (lazy Adam: a step costs what its batch costs; L2
  // reaches a row when it is touched), or all rows of all tables (Adam as published).
  bool lazy = true;
  std::uint64_t seed = 42;
};

struct DlrmEpoch {
  std::uint32_t epoch = 0;
  double loss = 0;  // mean over the epoch, in training mode
  double valid_auc = 0;
  double valid_log_loss = 0;
  double seconds = 0;
};

// Trains in place and leaves the weights of the best validation AUC. Deterministic by seed for any number of threads.
// Errors: invalid_argument (tables that do not fit the schema or have no labels), unavailable (cancelled),
// resource_exhausted.
Result<std::vector<DlrmEpoch>> train_dlrm(Dlrm& model, const ExampleTable& train, const ExampleTable& valid,
                                          const DlrmTrainOptions& options, const models::TrainControl& control);

}  // namespace tamis::ranker
