#include <new>

#include "models/ials.h"
#include "models/ials_half_step.h"
#include "models/ials_row_solver.h"

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
  const IalsRow row{.columns = items,
                    .weights = weights,
                    .regularization = ials_row_regularization(options_, items.size(), fixed_count)};
  static_cast<void>(solver.solve(row, out));  // zeros where the equations are singular: a user of no known taste
}

}  // namespace tamis::models
