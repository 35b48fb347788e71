// BlockRowSolver: one row of an iALS half-step improved block of dimensions by block, as iALS++ does (Rendle et al.
// 2021, arXiv:2110.14044), here in the eigenbasis of the Gramian (ials_half_step.h).
//
// Each block is solved exactly with the other dimensions held where they are; the products with the row's interactions
// are kept up to date between blocks. In the eigenbasis the part that all rows share is diagonal, so blocks meet
// through the row's own interactions alone, and a block wider than the row is long takes the identity of Woodbury.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "models/ials/ials_row_solver.h"

namespace tamis::models {

// Keeps scratch: one per thread. REQUIRES: what is passed outlives the solver; block is in 1..dim.
class BlockRowSolver {
 public:
  // `rotated` [n, dim] are the fixed factors in the eigenbasis, `spectrum` [dim] the eigenvalues (>= 0).
  BlockRowSolver(std::span<const float> rotated, std::span<const float> spectrum, std::size_t block);

  // One pass over the blocks from the `x` [dim] given. The row's loss never rises but for rounding; a block whose
  // equations rounding leaves singular stays as it is. O(n dim min(n, block)) flops and more for short blocks' systems.
  void improve(const IalsRow& row, std::span<float> x);

 private:
  void gather(const IalsRow& row, std::size_t begin, std::size_t width);
  bool solve_dual(const IalsRow& row, std::size_t begin, std::size_t width);
  bool solve_primal(const IalsRow& row, std::size_t begin, std::size_t width);

  std::size_t dim_;
  std::size_t block_;
  std::span<const float> rotated_;
  std::span<const float> spectrum_;
  std::vector<float> products_;  // [n], h.x of each interaction
  std::vector<float> columns_;   // [n, width], the interactions' factors in the block
  std::vector<float> scaled_;    // [n, width], the same scaled
  std::vector<float> system_;
  std::vector<float> rhs_;    // [n]
  std::vector<float> slope_;  // [width], minus the gradient; then the step
};

}  // namespace tamis::models
