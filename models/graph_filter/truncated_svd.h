// The leading singular values and right singular vectors of a sparse matrix, by randomised subspace iteration
// (Halko, Martinsson & Tropp 2011, doi:10.1137/090771806, algorithm 4.4).
#pragma once

#include <cstdint>
#include <vector>

#include "common/status.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

struct TruncatedSvdOptions {
  std::uint32_t rank = 64;          // singular vectors wanted, >= 1; fewer come back where the matrix has fewer
  std::uint32_t oversampling = 32;  // further directions that the iteration carries along; more converge faster
  std::uint32_t iterations = 6;     // products with A^T A, >= 1
  std::uint64_t seed = 42;
};

struct TruncatedSvd {
  std::uint32_t rank = 0;
  std::vector<float> values;   // [rank], descending
  std::vector<float> vectors;  // [columns, rank]: column k is the right singular vector of values[k]
};

// Of A = `matrix`, whose `weight` holds the values (of any sign here); `transposed` is its transpose. The same to the
// bit for any number of threads. Per iteration O((nonzeros + (rows + columns) * rank) * rank) flops; memory of about
// (rows + 2 columns) * (rank + oversampling) floats. Errors: unavailable (cancelled), resource_exhausted (memory),
// internal (an eigenvalue iteration does not converge).
Result<TruncatedSvd> truncated_svd(const InteractionMatrix& matrix, const InteractionMatrix& transposed,
                                   const TruncatedSvdOptions& options, const TrainControl& control);

}  // namespace tamis::models
