#include <new>

#include "models/blas.h"
#include "models/ials/ials.h"
#include "models/ials/ials_half_step.h"
#include "models/ials/ials_row_solver.h"

namespace tamis::models {

IalsFoldIn::IalsFoldIn(std::span<const float> item_factors, const IalsOptions& options)
    : item_factors_(item_factors), options_(options) {
  auto gramian = ials_gramian(item_factors, options, {});
  if (!gramian.is_ok()) throw std::bad_alloc();  // the only way in which it fails
  gramian_ = std::move(gramian).value();
}

void IalsFoldIn::solve(std::span<const std::uint32_t> items, std::span<const float> weights,
                       std::span<float> out) const {
  const std::size_t fixed_count = item_factors_.size() / options_.dim;
  CholeskyRowSolver solver(item_factors_, gramian_, options_.dim);
  const IalsRow row = ials_row(items, weights, options_, fixed_count);
  static_cast<void>(solver.solve(row, out));  // zeros where the equations are singular: a user of no known taste
}

bool IalsFoldIn::explain(std::span<const std::uint32_t> items, std::span<const float> weights, std::uint32_t target,
                         std::span<double> shares) const {
  const std::size_t dim = options_.dim;
  const auto factor = [&](std::uint32_t row) { return item_factors_.subspan(row * dim, dim); };
  std::vector<float> system = gramian_;  // A = alpha_0 Q^T Q + lambda I + sum of w q q^T, its lower half
  const IalsRow row = ials_row(items, weights, options_, item_factors_.size() / dim);
  for (std::size_t i = 0; i < dim; ++i) system[i * dim + i] += static_cast<float>(row.regularization);
  for (std::size_t h = 0; h < items.size(); ++h) {
    const auto own = factor(items[h]);
    for (std::size_t i = 0; i < dim; ++i) {
      const float scaled = row.pair(h).weight * own[i];
      for (std::size_t j = 0; j <= i; ++j) system[i * dim + j] += scaled * own[j];
    }
  }
  const auto wanted = factor(target);
  std::vector<float> solved(wanted.begin(), wanted.end());  // A^-1 q_t; A is symmetric
  if (!blas::solve_positive_definite(dim, system.data(), solved.data())) return false;
  for (std::size_t h = 0; h < items.size(); ++h) {
    const IalsPair pair = row.pair(h);
    shares[h] = double{pair.weight} * pair.target * blas::dot(dim, solved.data(), factor(items[h]).data());
  }
  return true;
}

}  // namespace tamis::models
