#include "models/principal_components.h"

#include <algorithm>
#include <cmath>

#include "models/blas.h"

namespace tamis::models {
namespace {

constexpr float kLeastShare = 1e-6F;  // of the variance; below it is rounding

std::vector<float> mean_of_rows(std::span<const float> rows, std::uint32_t dim) {
  std::vector<double> sums(dim, 0);
  for (std::size_t i = 0; i < rows.size(); ++i) sums[i % dim] += double{rows[i]};
  const double count = std::max<double>(1, static_cast<double>(rows.size() / dim));
  std::vector<float> mean;
  for (const double sum : sums) mean.push_back(static_cast<float>(sum / count));
  return mean;
}

// Unit length, and the largest entry above 0. False for a vector of zeros.
bool settle(std::span<float> axis) {
  double length = 0;
  float largest = 0;
  for (const float entry : axis) {
    length += double{entry} * entry;
    if (std::abs(entry) > std::abs(largest)) largest = entry;
  }
  if (!(length > 0)) return false;
  const double scale = (largest < 0 ? -1 : 1) / std::sqrt(length);
  for (float& entry : axis) entry = static_cast<float>(entry * scale);
  return true;
}

}  // namespace

void PrincipalComponents::project(std::span<const float> vector, std::span<float> out) const {
  for (std::size_t c = 0; c < count(); ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < dim; ++i) sum += (double{vector[i]} - mean[i]) * axes[c * dim + i];
    out[c] = static_cast<float>(sum);
  }
}

PrincipalComponents find_principal_components(std::span<const float> rows, std::uint32_t dim, std::size_t most) {
  PrincipalComponents found{.dim = dim, .mean = mean_of_rows(rows, dim), .axes = {}, .share = {}};
  const std::size_t count = rows.size() / dim;
  if (count == 0) return found;
  std::vector<float> centred(rows.begin(), rows.end());
  for (std::size_t i = 0; i < centred.size(); ++i) centred[i] -= found.mean[i % dim];

  // Eigenvectors of the columns' Gram matrix are the components; those of the rows' lead to them.
  const bool by_columns = dim <= count;
  const std::size_t side = by_columns ? dim : count;
  std::vector<float> gram(side * side, 0.0F);
  std::vector<float> values(side);
  if (by_columns) {
    blas::add_gram_of_columns(count, dim, centred.data(), gram.data());
  } else {
    blas::add_gram_of_rows(count, dim, centred.data(), gram.data());
  }
  double variance = 0;
  for (std::size_t i = 0; i < side; ++i) variance += double{gram[i * side + i]};
  if (!(variance > 0) || !blas::decompose_symmetric(side, gram.data(), values)) return found;

  std::vector<float> axis(dim);
  for (std::size_t i = side; i-- > 0 && found.count() < most;) {
    const double share = values[i] / variance;
    if (share < kLeastShare) break;
    const std::span<const float> eigenvector = std::span(gram).subspan(i * side, side);
    if (by_columns) {
      std::copy(eigenvector.begin(), eigenvector.end(), axis.begin());
    } else {
      std::fill(axis.begin(), axis.end(), 0.0F);
      blas::add_transposed_times_vector(count, dim, centred.data(), eigenvector.data(), axis.data());
    }
    if (!settle(axis)) break;
    found.axes.insert(found.axes.end(), axis.begin(), axis.end());
    found.share.push_back(share);
  }
  return found;
}

}  // namespace tamis::models
