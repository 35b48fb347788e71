// IalsHalfStep: the least-squares step of iALS for one side, the factors of the other side held fixed.
//
// Every row u asks for x in (alpha_0 Q^T Q + lambda_u I + sum over i in u of w_i q_i q_i^T) x = sum of w_i q_i, with Q
// [n, dim] the fixed factors. Only lambda_u and the sum differ from row to row, so the step diagonalises
// alpha_0 Q^T Q = V^T S V once and turns Q into that basis: the part common to all rows becomes the diagonal
// D_u = S + lambda_u, and the rest has as many dimensions as the row has interactions.
//   kDual: with B [k, dim] the rows q_i D_u^{-1/2}, x = D_u^{-1/2} B^T (W^{-1} + B B^T)^{-1} 1, by the identity of
//     Woodbury: a k x k system. Rows of dim interactions and more solve (I + B^T W B) y = B^T w instead. Both exact.
//   kConjugateGradient: on the same (I + B^T W B), for which D_u has served as the preconditioner, from the last x.
//   kBlock: exact for a block of dimensions at a time, the others held (ials_block_solver.h).
//   kCholesky: the dim x dim system as it stands.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/status.h"
#include "models/ials/ials.h"
#include "models/ials/ials_row_solver.h"

namespace tamis::models {

// lambda_u of a row with `row_length` interactions against `fixed_count` fixed rows.
double ials_row_regularization(const IalsOptions& options, std::size_t row_length, std::size_t fixed_count);

// The equations of a row.
IalsRow ials_row(const InteractionMatrix& interactions, const IalsOptions& options, std::uint32_t row);
IalsRow ials_row(std::span<const std::uint32_t> columns, std::span<const float> weights, const IalsOptions& options,
                 std::size_t fixed_count);

// alpha_0 * Q^T Q, [dim, dim], both triangles.
Result<std::vector<float>> ials_gramian(std::span<const float> factors, const IalsOptions& options,
                                        const TrainControl& control);

// Recomputes `moving` [interactions.rows, dim] against `fixed` [interactions.columns, dim].
Status ials_half_step(const InteractionMatrix& interactions, const IalsOptions& options, std::span<const float> fixed,
                      std::span<float> moving, const TrainControl& control);

}  // namespace tamis::models
