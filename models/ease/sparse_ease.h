// EASE where the dense inverse does not fit: each item is predicted from its `candidates` most related items alone.
//
// Column j of B minimises |x_j - X_C b|^2 + regularization |b|^2 over weights of the candidates C of j. The solution is
// that of (G_CC + regularization I) b = G_Cj, with G = X^T X. This is EASE with a fixed support (cf. Steck 2019,
// arXiv:1910.09645), or SLIM restricted to neighbours and without its L1 term (Ning & Karypis 2011,
// doi:10.1109/ICDM.2011.134). If the candidates are all other items, it is EASE.
//
// The candidates of j are the items that lower the loss most when each is used alone: those of the largest
// G_ij^2 / (G_ii + regularization).
//
// G itself does not fit either. Each of its rows keeps the candidates and the other entries that differ from
// n_i n_j / users, the entry of unrelated items, by more than matters beside the regularisation. The rest is taken to
// be n_i n_j / users. A row holds at most 10 entries per candidate. Where this leaves out what matters, the item is
// regularised more, so that the equations stay positive definite.
#pragma once

#include "common/status.h"
#include "models/ease/ease.h"
#include "models/interaction_matrix.h"
#include "models/train_control.h"

namespace tamis::models {

// B [items, items] by row. Memory: about 32 bytes per item and candidate (at most 96, of dense data) and three copies
// of the interactions. Time: items * candidates^3 / 3 flops, and the sum over users of their squared number of items.
// REQUIRES: validate(options) is ok. Errors: failed_precondition (lambda too small for single precision), unavailable
// (cancelled), resource_exhausted (memory).
Result<SparseRows> train_sparse_ease(const InteractionMatrix& interactions, const EaseOptions& options,
                                     const TrainControl& control);

}  // namespace tamis::models
