// The two directions in which vectors differ most (principal component analysis), for maps that people look at.
//
// Subspace iteration on the centred rows, without the covariance matrix: 2 * iterations * rows * dim multiplications.
// Deterministic: the start is fixed, and the sign of an axis is that of its largest entry.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace tamis::models {

struct PrincipalAxes {
  std::vector<float> mean;                 // [dim]
  std::array<std::vector<float>, 2> axes;  // [dim] each: unit length, at right angles; the first has the larger share
  std::array<double, 2> share = {0, 0};    // of the variance, 0..1
};

// `rows` is [count, dim], row-major. With fewer than three rows, or rows that are all equal, shares are 0 and the axes
// are unit vectors all the same; with one dimension the second axis is 0. REQUIRES: dim > 0, rows.size() a multiple of
// dim, finite numbers.
PrincipalAxes find_principal_axes(std::span<const float> rows, std::uint32_t dim);

// Where a vector [dim] lies on the two axes.
std::array<float, 2> project(const PrincipalAxes& axes, std::span<const float> vector);

}  // namespace tamis::models
