#include "models/bpr/bpr_fold_in.h"

#include <algorithm>
#include <cmath>

#include "models/blas.h"

namespace tamis::models {
namespace {

constexpr std::size_t kRowsPerProduct = 1024;

}  // namespace

BprFoldIn::BprFoldIn(std::span<const float> item_factors, std::size_t dim, double ridge)
    : dim_(dim), item_factors_(item_factors), mean_(dim), covariance_(dim * dim) {
  const std::size_t items = item_factors.size() / dim;
  if (items == 0) return;
  std::vector<double> sum(dim);
  for (std::size_t i = 0; i < item_factors.size(); ++i) sum[i % dim] += item_factors[i];
  for (std::size_t d = 0; d < dim; ++d) mean_[d] = static_cast<float>(sum[d] / static_cast<double>(items));
  std::vector<float> centred;
  for (std::size_t begin = 0; begin < items; begin += kRowsPerProduct) {
    const std::size_t rows = std::min(kRowsPerProduct, items - begin);
    centred.resize(rows * dim);
    for (std::size_t i = 0; i < centred.size(); ++i) centred[i] = item_factors[begin * dim + i] - mean_[i % dim];
    blas::add_gram_of_columns(rows, dim, centred.data(), covariance_.data());
  }
  double spread = 0;
  for (float& value : covariance_) value /= static_cast<float>(items);
  for (std::size_t d = 0; d < dim; ++d) spread += covariance_[d * dim + d] / static_cast<double>(dim);
  for (std::size_t d = 0; d < dim; ++d) covariance_[d * dim + d] += static_cast<float>(ridge * spread);
}

BprFoldIn::Equations BprFoldIn::equations(std::span<const std::uint32_t> items) const {
  Equations result{.system = covariance_, .centred = std::vector<float>(items.size() * dim_)};
  std::vector<float> scaled(result.centred.size());
  const float root = 1.0F / std::sqrt(static_cast<float>(items.size()));
  for (std::size_t h = 0; h < items.size(); ++h) {
    const float* factor = item_factors_.data() + items[h] * dim_;
    for (std::size_t d = 0; d < dim_; ++d) {
      result.centred[h * dim_ + d] = factor[d] - mean_[d];
      scaled[h * dim_ + d] = root * result.centred[h * dim_ + d];
    }
  }
  blas::add_gram_of_columns(items.size(), dim_, scaled.data(), result.system.data());
  return result;
}

bool BprFoldIn::solve(std::span<const std::uint32_t> items, std::span<float> out,
                      std::span<const float> entries) const {
  Equations equations_of_user = equations(items);
  std::vector<float> share(items.size(), 1.0F / static_cast<float>(items.size()));
  for (std::size_t h = 0; h < entries.size(); ++h) share[h] *= entries[h];
  std::fill(out.begin(), out.end(), 0.0F);
  blas::add_transposed_times_vector(items.size(), dim_, equations_of_user.centred.data(), share.data(), out.data());
  return blas::solve_positive_definite(dim_, equations_of_user.system.data(), out.data());
}

bool BprFoldIn::explain(std::span<const std::uint32_t> items, std::uint32_t target, std::span<double> shares,
                        std::span<const float> entries) const {
  Equations equations_of_user = equations(items);
  const auto wanted = item_factors_.subspan(target * dim_, dim_);
  std::vector<float> solved(wanted.begin(), wanted.end());  // A^-1 q_t; A is symmetric
  if (!blas::solve_positive_definite(dim_, equations_of_user.system.data(), solved.data())) return false;
  for (std::size_t h = 0; h < items.size(); ++h) {
    const float product = blas::dot(dim_, solved.data(), equations_of_user.centred.data() + h * dim_);
    shares[h] = (entries.empty() ? 1 : double{entries[h]}) * double{product} / static_cast<double>(items.size());
  }
  return true;
}

}  // namespace tamis::models
