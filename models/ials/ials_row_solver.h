// Solvers of one row of an iALS half-step. See ials_half_step.h for the algebra.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace tamis::models {

// What an interaction says: its product is drawn to `target`, by `weight`.
struct IalsPair {
  float weight = 1;
  float target = 1;
};

// One row's interactions with the fixed side.
struct IalsRow {
  std::span<const std::uint32_t> columns;  // rows of the fixed factors
  std::span<const float> weights;          // one per column, not 0; below 0: turned down
  double regularization = 0;               // lambda_u
  float disliked_weight = 1;               // of those turned down
  float disliked_target = 0;               // their target

  // REQUIRES: weights[k] is not 0. A weight so small that it vanishes is the least there is.
  IalsPair pair(std::size_t k) const {
    if (weights[k] > 0) return {weights[k], 1.0F};
    return {std::max(disliked_weight * -weights[k], std::numeric_limits<float>::min()), disliked_target};
  }
};

// Solves rows in the eigenbasis of the Gramian: `rotated` [n, dim] are the fixed factors in that basis, `spectrum`
// [dim] the eigenvalues (>= 0). Keeps scratch: one per thread. REQUIRES: both outlive the solver.
class SpectralRowSolver {
 public:
  SpectralRowSolver(std::span<const float> rotated, std::span<const float> spectrum);

  // Exact. `x` is [dim], in the eigenbasis.
  void solve_exactly(const IalsRow& row, std::span<float> x);
  // At most `steps` steps of conjugate gradient from the `x` given; stops early at the relative residual `tolerance`.
  void improve(const IalsRow& row, std::uint32_t steps, double tolerance, std::span<float> x);

 private:
  void set_scale(const IalsRow& row);
  void gather(const IalsRow& row, std::size_t begin, std::size_t count);
  void add_interactions(const IalsRow& row, float share, std::span<const float> x, std::span<float> out) const;
  bool solve_dual(const IalsRow& row);
  bool solve_primal(const IalsRow& row);

  std::size_t dim_;
  std::span<const float> rotated_;
  std::span<const float> spectrum_;
  std::vector<float> scale_;     // [dim], D_u^{-1/2}
  std::vector<float> basis_;     // B, [k, dim]
  std::vector<float> system_;    // [k, k] or [dim, dim]
  std::vector<float> rhs_;       // [k], targets, or weights times them
  std::vector<float> solution_;  // [dim], x / scale
  std::vector<float> residual_;  // conjugate gradient's state, [dim] each
  std::vector<float> direction_;
  std::vector<float> scaled_;
  std::vector<float> image_;
};

// The textbook's solver: (gramian + lambda_u I + sum of w q q^T) x = sum of w q by Cholesky's factorisation. `gramian`
// [dim, dim] and `factors` [n, dim] outlive the solver. Keeps scratch: one per thread.
class CholeskyRowSolver {
 public:
  CholeskyRowSolver(std::span<const float> factors, std::span<const float> gramian, std::size_t dim);
  // False where rounding leaves the system not positive definite; x [dim] is then zeros.
  bool solve(const IalsRow& row, std::span<float> x);

 private:
  std::size_t dim_;
  std::span<const float> factors_;
  std::span<const float> gramian_;
  std::vector<float> system_;
  std::vector<float> scaled_;
};

}  // namespace tamis::models
