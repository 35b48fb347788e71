// Optimisers of embedding tables: a step costs what its touched rows cost, whatever the size of the table.
#pragma once

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "models/nn/adam.h"
#include "models/nn/embedding_table.h"
#include "models/train_control.h"

namespace tamis::models::nn {

// Lazy Adam: moments and weight decay of a row move only in the steps that touch it; the bias correction counts all
// steps. Memory: two floats per entry. Externally synchronised.
class SparseAdam {
 public:
  SparseAdam(const EmbeddingTable& table, const AdamOptions& options);
  Status step(EmbeddingTable& table, const SparseGradient& gradient, const TrainControl& control,
              double rate_scale = 1);

 private:
  AdamOptions options_;
  std::uint64_t steps_ = 0;
  std::vector<float> mean_, variance_;  // [rows, dim]
};

struct RowAdagradOptions {
  double learning_rate = 0.05;  // > 0
  double epsilon = 1e-8;
  double initial_accumulator = 0;  // >= 0; damps the first steps
};

// Row-wise Adagrad (Duchi, Hazan & Singer 2011, one accumulator per row as in Naumov et al. 2019, arXiv:1906.00091):
// the accumulator is the sum over steps of the mean square of the row's gradient. Memory: one float per row.
// Externally synchronised.
class RowAdagrad {
 public:
  RowAdagrad(const EmbeddingTable& table, const RowAdagradOptions& options);
  Status step(EmbeddingTable& table, const SparseGradient& gradient, const TrainControl& control,
              double rate_scale = 1);

 private:
  RowAdagradOptions options_;
  std::vector<float> accumulator_;  // [rows]
};

}  // namespace tamis::models::nn
