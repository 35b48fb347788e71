// The directions in which vectors differ most, each at right angles to the others (principal component analysis,
// exact), for people who ask what a space is made of. principal_axes.h finds two of them for far more rows.
//
// Decomposes the smaller of the two Gram matrices: min(rows, dim)^3 + rows * dim * min(rows, dim) multiplications.
// Deterministic: the sign of a component is that of its largest entry.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tamis::models {

struct PrincipalComponents {
  std::uint32_t dim = 0;
  std::vector<float> mean;    // [dim]
  std::vector<float> axes;    // [count, dim], unit length, by falling share
  std::vector<double> share;  // [count], of the variance, 0..1

  std::size_t count() const { return share.size(); }
  // Where a vector [dim] lies on each of them: `out` is [count()].
  void project(std::span<const float> vector, std::span<float> out) const;
};

// The first `most` components of `rows` [count, dim], row-major; fewer where the rows do not differ in so many
// directions. REQUIRES: dim > 0, rows.size() a multiple of dim, finite numbers.
PrincipalComponents find_principal_components(std::span<const float> rows, std::uint32_t dim, std::size_t most);

}  // namespace tamis::models
