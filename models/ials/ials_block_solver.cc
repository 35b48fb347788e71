#include "models/ials/ials_block_solver.h"

#include <algorithm>
#include <cmath>

#include "models/blas.h"

namespace tamis::models {

BlockRowSolver::BlockRowSolver(std::span<const float> rotated, std::span<const float> spectrum, std::size_t block)
    : dim_(spectrum.size()), block_(block), rotated_(rotated), spectrum_(spectrum) {}

void BlockRowSolver::gather(const IalsRow& row, std::size_t begin, std::size_t width) {
  columns_.resize(row.columns.size() * width);
  for (std::size_t k = 0; k < row.columns.size(); ++k) {
    std::copy_n(rotated_.data() + row.columns[k] * dim_ + begin, width, columns_.data() + k * width);
  }
}

// With D the block's diagonal and H [n, width] its columns: (D + H^T W H)^-1 s =
// D^-1 s - D^-1 H^T (W^-1 + H D^-1 H^T)^-1 H D^-1 s, an n x n system.
bool BlockRowSolver::solve_dual(const IalsRow& row, std::size_t begin, std::size_t width) {
  const std::size_t length = row.columns.size();
  scaled_.resize(length * width);
  for (std::size_t d = 0; d < width; ++d) {
    const float root = 1.0F / std::sqrt(spectrum_[begin + d] + static_cast<float>(row.regularization));
    slope_[d] *= root;
    for (std::size_t k = 0; k < length; ++k) scaled_[k * width + d] = columns_[k * width + d] * root;
  }
  system_.assign(length * length, 0.0F);
  for (std::size_t k = 0; k < length; ++k) system_[k * length + k] = 1.0F / row.pair(k).weight;
  blas::add_gram_of_rows(length, width, scaled_.data(), system_.data());
  rhs_.resize(length);
  for (std::size_t k = 0; k < length; ++k) rhs_[k] = -blas::dot(width, scaled_.data() + k * width, slope_.data());
  if (!blas::solve_positive_definite(length, system_.data(), rhs_.data())) return false;
  blas::add_transposed_times_vector(length, width, scaled_.data(), rhs_.data(), slope_.data());
  for (std::size_t d = 0; d < width; ++d) {
    slope_[d] /= std::sqrt(spectrum_[begin + d] + static_cast<float>(row.regularization));
  }
  return true;
}

bool BlockRowSolver::solve_primal(const IalsRow& row, std::size_t begin, std::size_t width) {
  system_.assign(width * width, 0.0F);
  for (std::size_t d = 0; d < width; ++d) {
    system_[d * width + d] = spectrum_[begin + d] + static_cast<float>(row.regularization);
  }
  scaled_ = columns_;
  for (std::size_t k = 0; k < row.columns.size(); ++k) {
    const float root = std::sqrt(row.pair(k).weight);
    for (std::size_t d = 0; d < width; ++d) scaled_[k * width + d] *= root;
  }
  blas::add_gram_of_columns(row.columns.size(), width, scaled_.data(), system_.data());
  return blas::solve_positive_definite(width, system_.data(), slope_.data());
}

void BlockRowSolver::improve(const IalsRow& row, std::span<float> x) {
  const std::size_t length = row.columns.size();
  if (length == 0) return std::fill(x.begin(), x.end(), 0.0F);
  products_.resize(length);
  rhs_.resize(length);
  for (std::size_t k = 0; k < length; ++k) {
    products_[k] = blas::dot(dim_, rotated_.data() + row.columns[k] * dim_, x.data());
  }
  for (std::size_t begin = 0; begin < dim_; begin += block_) {
    const std::size_t width = std::min(block_, dim_ - begin);
    gather(row, begin, width);
    slope_.resize(width);
    for (std::size_t d = 0; d < width; ++d) {
      slope_[d] = -(spectrum_[begin + d] + static_cast<float>(row.regularization)) * x[begin + d];
    }
    for (std::size_t k = 0; k < length; ++k) {
      const IalsPair pair = row.pair(k);
      rhs_[k] = pair.weight * (pair.target - products_[k]);
    }
    blas::add_transposed_times_vector(length, width, columns_.data(), rhs_.data(), slope_.data());
    if (!(length < width ? solve_dual(row, begin, width) : solve_primal(row, begin, width))) continue;
    for (std::size_t d = 0; d < width; ++d) x[begin + d] += slope_[d];
    for (std::size_t k = 0; k < length; ++k) {
      products_[k] += blas::dot(width, columns_.data() + k * width, slope_.data());
    }
  }
}

}  // namespace tamis::models
