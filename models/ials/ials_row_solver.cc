#include "models/ials/ials_row_solver.h"

#include <algorithm>
#include <cmath>

#include "models/blas.h"

namespace tamis::models {
namespace {

// Rows are gathered this many at a time where only their Gramian is wanted, so that the longest row needs no more
// memory than this many factors.
constexpr std::size_t kGatheredRows = 1024;

}  // namespace

SpectralRowSolver::SpectralRowSolver(std::span<const float> rotated, std::span<const float> spectrum)
    : dim_(spectrum.size()), rotated_(rotated), spectrum_(spectrum), scale_(spectrum.size()) {}

void SpectralRowSolver::set_scale(const IalsRow& row) {
  for (std::size_t d = 0; d < dim_; ++d) {
    scale_[d] = 1.0F / std::sqrt(spectrum_[d] + static_cast<float>(row.regularization));
  }
}

// Rows begin..begin+count of B into basis_.
void SpectralRowSolver::gather(const IalsRow& row, std::size_t begin, std::size_t count) {
  if (basis_.size() < count * dim_) basis_.resize(count * dim_);
  for (std::size_t k = 0; k < count; ++k) {
    const float* factor = rotated_.data() + row.columns[begin + k] * dim_;
    float* out = basis_.data() + k * dim_;
    for (std::size_t d = 0; d < dim_; ++d) out[d] = factor[d] * scale_[d];
  }
}

// solution_ = B^T (W^{-1} + B B^T)^{-1} t, t the targets.
bool SpectralRowSolver::solve_dual(const IalsRow& row) {
  const std::size_t length = row.columns.size();
  gather(row, 0, length);
  system_.assign(length * length, 0.0F);
  rhs_.resize(length);
  for (std::size_t k = 0; k < length; ++k) {
    const IalsPair pair = row.pair(k);
    system_[k * length + k] = 1.0F / pair.weight;
    rhs_[k] = pair.target;
  }
  blas::add_gram_of_rows(length, dim_, basis_.data(), system_.data());
  if (!blas::solve_positive_definite(length, system_.data(), rhs_.data())) return false;
  solution_.assign(dim_, 0.0F);
  blas::add_transposed_times_vector(length, dim_, basis_.data(), rhs_.data(), solution_.data());
  return true;
}

// solution_ of (I + B^T W B) solution_ = B^T W t.
bool SpectralRowSolver::solve_primal(const IalsRow& row) {
  system_.assign(dim_ * dim_, 0.0F);
  for (std::size_t d = 0; d < dim_; ++d) system_[d * dim_ + d] = 1.0F;
  solution_.assign(dim_, 0.0F);
  for (std::size_t begin = 0; begin < row.columns.size(); begin += kGatheredRows) {
    const std::size_t count = std::min(kGatheredRows, row.columns.size() - begin);
    gather(row, begin, count);
    rhs_.resize(count);
    for (std::size_t k = 0; k < count; ++k) rhs_[k] = row.pair(begin + k).weight * row.pair(begin + k).target;
    blas::add_transposed_times_vector(count, dim_, basis_.data(), rhs_.data(), solution_.data());
    for (std::size_t k = 0; k < count; ++k) {
      const float root = std::sqrt(row.pair(begin + k).weight);
      float* out = basis_.data() + k * dim_;
      for (std::size_t d = 0; d < dim_; ++d) out[d] *= root;
    }
    blas::add_gram_of_columns(count, dim_, basis_.data(), system_.data());
  }
  return blas::solve_positive_definite(dim_, system_.data(), solution_.data());
}

void SpectralRowSolver::solve_exactly(const IalsRow& row, std::span<float> x) {
  std::fill(x.begin(), x.end(), 0.0F);
  if (row.columns.empty()) return;
  set_scale(row);
  const bool solved = row.columns.size() < dim_ ? solve_dual(row) : solve_primal(row);
  // Weights so large that f32 loses the diagonal: conjugate gradient needs no factorisation.
  if (!solved) return improve(row, static_cast<std::uint32_t>(2 * dim_), 1e-6, x);
  for (std::size_t d = 0; d < dim_; ++d) x[d] = solution_[d] * scale_[d];
}

// out += sum over the row of w (h.x - target) h, the targets times `share`.
void SpectralRowSolver::add_interactions(const IalsRow& row, float share, std::span<const float> x,
                                         std::span<float> out) const {
  for (std::size_t k = 0; k < row.columns.size(); ++k) {
    const float* factor = rotated_.data() + row.columns[k] * dim_;
    const float product = blas::dot(dim_, factor, x.data());
    const IalsPair pair = row.pair(k);
    blas::add_scaled(dim_, pair.weight * (product - share * pair.target), factor, out.data());
  }
}

void SpectralRowSolver::improve(const IalsRow& row, std::uint32_t steps, double tolerance, std::span<float> x) {
  if (row.columns.empty()) {
    std::fill(x.begin(), x.end(), 0.0F);
    return;
  }
  set_scale(row);
  image_.resize(dim_);
  solution_.resize(dim_);
  residual_.resize(dim_);
  scaled_.resize(dim_);
  for (std::size_t d = 0; d < dim_; ++d) solution_[d] = x[d] / scale_[d];
  std::fill(image_.begin(), image_.end(), 0.0F);
  add_interactions(row, 1.0F, x, image_);
  for (std::size_t d = 0; d < dim_; ++d) residual_[d] = -scale_[d] * image_[d] - solution_[d];
  direction_ = residual_;
  float residual_norm = blas::dot(dim_, residual_.data(), residual_.data());
  const float enough = static_cast<float>(tolerance * tolerance) * residual_norm;

  for (std::uint32_t step = 0; step < steps && residual_norm > enough; ++step) {
    for (std::size_t d = 0; d < dim_; ++d) scaled_[d] = scale_[d] * direction_[d];
    std::fill(image_.begin(), image_.end(), 0.0F);
    add_interactions(row, 0.0F, scaled_, image_);
    for (std::size_t d = 0; d < dim_; ++d) image_[d] = direction_[d] + scale_[d] * image_[d];
    const float curvature = blas::dot(dim_, direction_.data(), image_.data());
    if (!(curvature > 0.0F)) break;
    const float stride = residual_norm / curvature;
    for (std::size_t d = 0; d < dim_; ++d) {
      solution_[d] += stride * direction_[d];
      residual_[d] -= stride * image_[d];
    }
    const float next_norm = blas::dot(dim_, residual_.data(), residual_.data());
    const float momentum = next_norm / residual_norm;
    residual_norm = next_norm;
    for (std::size_t d = 0; d < dim_; ++d) direction_[d] = residual_[d] + momentum * direction_[d];
  }
  for (std::size_t d = 0; d < dim_; ++d) x[d] = solution_[d] * scale_[d];
}

CholeskyRowSolver::CholeskyRowSolver(std::span<const float> factors, std::span<const float> gramian, std::size_t dim)
    : dim_(dim), factors_(factors), gramian_(gramian) {}

bool CholeskyRowSolver::solve(const IalsRow& row, std::span<float> x) {
  std::fill(x.begin(), x.end(), 0.0F);
  if (row.columns.empty()) return true;
  system_.assign(gramian_.begin(), gramian_.end());
  for (std::size_t d = 0; d < dim_; ++d) system_[d * dim_ + d] += static_cast<float>(row.regularization);
  for (std::size_t begin = 0; begin < row.columns.size(); begin += kGatheredRows) {
    const std::size_t length = std::min(kGatheredRows, row.columns.size() - begin);
    scaled_.resize(length * dim_);
    for (std::size_t k = 0; k < length; ++k) {
      const float* factor = factors_.data() + row.columns[begin + k] * dim_;
      const IalsPair pair = row.pair(begin + k);
      const float root = std::sqrt(pair.weight);
      const float pull = pair.weight * pair.target;
      for (std::size_t d = 0; d < dim_; ++d) {
        scaled_[k * dim_ + d] = root * factor[d];
        x[d] += pull * factor[d];
      }
    }
    blas::add_gram_of_columns(length, dim_, scaled_.data(), system_.data());
  }
  if (blas::solve_positive_definite(dim_, system_.data(), x.data())) return true;
  std::fill(x.begin(), x.end(), 0.0F);
  return false;
}

}  // namespace tamis::models
