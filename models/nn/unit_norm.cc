#include "models/nn/unit_norm.h"

#include <algorithm>
#include <cmath>

namespace tamis::models::nn {
namespace {

constexpr float kShortest = 1e-12F;

float dot(std::size_t dim, const float* a, const float* b) {
  double sum = 0;
  for (std::size_t d = 0; d < dim; ++d) sum += double{a[d]} * b[d];
  return static_cast<float>(sum);
}

}  // namespace

void normalize_rows(std::size_t rows, std::size_t dim, float* x, float* norms) {
  for (std::size_t r = 0; r < rows; ++r) {
    float* row = x + r * dim;
    norms[r] = std::sqrt(dot(dim, row, row));
    const float scale = norms[r] > kShortest ? 1 / norms[r] : 0;
    for (std::size_t d = 0; d < dim; ++d) row[d] *= scale;
  }
}

void normalize_rows_backward(std::size_t rows, std::size_t dim, const float* y, const float* norms, float* dy) {
  for (std::size_t r = 0; r < rows; ++r) {
    const float* unit = y + r * dim;
    float* gradient = dy + r * dim;
    if (!(norms[r] > kShortest)) {
      std::fill_n(gradient, dim, 0.0F);
      continue;
    }
    const float along = dot(dim, unit, gradient);
    for (std::size_t d = 0; d < dim; ++d) gradient[d] = (gradient[d] - along * unit[d]) / norms[r];
  }
}

}  // namespace tamis::models::nn
