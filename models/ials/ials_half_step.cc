#include "models/ials/ials_half_step.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "models/blas.h"
#include "models/ials/ials_block_solver.h"
#include "models/ials/ials_row_solver.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kRotatedRows = 512;     // rows per matrix product when factors change basis
constexpr std::size_t kSolvedRows = 64;       // rows per block of the half-step
constexpr std::size_t kGramianRows = 4096;    // rows per partial Gramian, at least
constexpr std::size_t kGramianPartials = 32;  // at most, to bound memory
constexpr double kConjugateGradientTolerance = 1e-5;

// out [n, dim] = in * basis, or in * transpose(basis).
Status change_basis(std::span<const float> in, const std::vector<float>& basis, std::size_t dim, bool transposed,
                    std::span<float> out, const TrainControl& control) {
  return parallel_blocks(control, in.size() / dim, kRotatedRows, [&](std::size_t begin, std::size_t end) {
    const auto product = transposed ? blas::multiply_by_transposed : blas::multiply;
    product(end - begin, dim, dim, in.data() + begin * dim, basis.data(), out.data() + begin * dim);
  });
}

Status solve_in_eigenbasis(const InteractionMatrix& interactions, const IalsOptions& options,
                           std::span<const float> fixed, std::vector<float> gramian, std::span<float> moving,
                           const TrainControl& control) {
  const std::size_t dim = options.dim;
  std::vector<float> spectrum(dim);
  if (!blas::decompose_symmetric(dim, gramian.data(), spectrum)) {
    return Status::internal("the eigenvalues of the Gramian do not converge");
  }
  for (float& value : spectrum) value = std::max(value, 0.0F);
  const std::vector<float>& basis = gramian;  // its rows are the eigenvectors now
  std::vector<float> rotated(fixed.size());
  TAMIS_RETURN_IF_ERROR(change_basis(fixed, basis, dim, true, rotated, control));

  const bool exact = options.solver == IalsSolver::kDual;
  return parallel_blocks(control, interactions.rows, kSolvedRows, [&](std::size_t begin, std::size_t end) {
    SpectralRowSolver solver(rotated, spectrum);
    BlockRowSolver block_solver(rotated, spectrum, std::min<std::size_t>(options.block, dim));
    std::vector<float> block((end - begin) * dim);
    float* out = moving.data() + begin * dim;
    if (!exact) blas::multiply_by_transposed(end - begin, dim, dim, out, basis.data(), block.data());
    for (std::size_t row = begin; row < end; ++row) {
      const std::span<float> x(block.data() + (row - begin) * dim, dim);
      const IalsRow equations = ials_row(interactions, options, static_cast<std::uint32_t>(row));
      if (exact) {
        solver.solve_exactly(equations, x);
      } else if (options.solver == IalsSolver::kBlock) {
        block_solver.improve(equations, x);
      } else {
        solver.improve(equations, options.cg_steps, kConjugateGradientTolerance, x);
      }
    }
    blas::multiply(end - begin, dim, dim, block.data(), basis.data(), out);
  });
}

Status solve_by_cholesky(const InteractionMatrix& interactions, const IalsOptions& options,
                         std::span<const float> fixed, std::span<const float> gramian, std::span<float> moving,
                         const TrainControl& control) {
  const std::size_t dim = options.dim;
  std::atomic<bool> singular{false};
  TAMIS_RETURN_IF_ERROR(
      parallel_blocks(control, interactions.rows, kSolvedRows, [&](std::size_t begin, std::size_t end) {
        CholeskyRowSolver solver(fixed, gramian, dim);
        for (std::size_t row = begin; row < end; ++row) {
          const std::span<float> x = moving.subspan(row * dim, dim);
          if (!solver.solve(ials_row(interactions, options, static_cast<std::uint32_t>(row)), x))
            singular.store(true, std::memory_order_relaxed);
        }
      }));
  if (singular.load()) {
    return Status::failed_precondition(
        "a row's equations are singular in single precision: raise `regularization` or scale the weights down");
  }
  return Status::ok();
}

}  // namespace

double ials_row_regularization(const IalsOptions& options, std::size_t row_length, std::size_t fixed_count) {
  const double frequency =
      static_cast<double>(row_length) + options.unobserved_weight * static_cast<double>(fixed_count);
  return options.regularization * std::pow(frequency, options.regularization_exponent);
}

IalsRow ials_row(std::span<const std::uint32_t> columns, std::span<const float> weights, const IalsOptions& options,
                 std::size_t fixed_count) {
  return {.columns = columns,
          .weights = weights,
          .regularization = ials_row_regularization(options, columns.size(), fixed_count),
          .disliked_weight = static_cast<float>(options.disliked_weight),
          .disliked_target = static_cast<float>(options.disliked_target)};
}

IalsRow ials_row(const InteractionMatrix& interactions, const IalsOptions& options, std::uint32_t row) {
  return ials_row(interactions.row_columns(row), interactions.row_weights(row), options, interactions.columns);
}

Result<std::vector<float>> ials_gramian(std::span<const float> factors, const IalsOptions& options,
                                        const TrainControl& control) {
  const std::size_t dim = options.dim;
  const std::size_t rows = factors.size() / dim;
  const std::size_t block = std::max(kGramianRows, (rows + kGramianPartials - 1) / kGramianPartials);
  std::vector<std::vector<float>> partials((rows + block - 1) / block);
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, rows, block, [&](std::size_t begin, std::size_t end) {
    std::vector<float>& partial = partials[begin / block];
    partial.assign(dim * dim, 0.0F);
    blas::add_gram_of_columns(end - begin, dim, factors.data() + begin * dim, partial.data());
  }));
  std::vector<float> gramian(dim * dim, 0.0F);
  for (std::size_t i = 0; i < dim; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = 0;
      for (const std::vector<float>& partial : partials) sum += partial[i * dim + j];
      gramian[i * dim + j] = gramian[j * dim + i] = static_cast<float>(options.unobserved_weight * sum);
    }
  }
  return gramian;
}

Status ials_half_step(const InteractionMatrix& interactions, const IalsOptions& options, std::span<const float> fixed,
                      std::span<float> moving, const TrainControl& control) {
  TAMIS_ASSIGN_OR_RETURN(std::vector<float> gramian, ials_gramian(fixed, options, control));
  if (options.solver == IalsSolver::kCholesky) {
    return solve_by_cholesky(interactions, options, fixed, gramian, moving, control);
  }
  return solve_in_eigenbasis(interactions, options, fixed, std::move(gramian), moving, control);
}

}  // namespace tamis::models
