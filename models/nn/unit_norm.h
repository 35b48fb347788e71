// Rows scaled to unit length, so that dot products are cosines.
#pragma once

#include <cstddef>
#include <span>

namespace tamis::models::nn {

// x [rows, dim] in place; norms [rows] gets the lengths before. Rows shorter than 1e-12 become zeros.
void normalize_rows(std::size_t rows, std::size_t dim, float* x, float* norms);
// y: what normalize_rows() left, norms: what it gave. dy [rows, dim] -> gradient by the rows before, in place.
void normalize_rows_backward(std::size_t rows, std::size_t dim, const float* y, const float* norms, float* dy);

}  // namespace tamis::models::nn
