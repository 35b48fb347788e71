#include "ranker/interaction.h"

#include <algorithm>
#include <cmath>

namespace tamis::ranker {

void DotPanel::reserve(std::size_t count, std::size_t dim) {
  count_ = count;
  dim_ = dim;
  padded_ = (count + kLanes - 1) / kLanes * kLanes;
  components_.assign(dim * padded_, 0.0F);
}

void DotPanel::set(std::size_t place, const float* vector) {
  for (std::size_t j = 0; j < dim_; ++j) components_[j * padded_ + place] = vector[j];
}

void DotPanel::assign(std::size_t count, std::size_t dim, const float* vectors) {
  reserve(count, dim);
  for (std::size_t i = 0; i < count; ++i) set(i, vectors + i * dim);
}

void DotPanel::dots(const float* x, float* out, std::size_t first) const {
  for (std::size_t block = first / kLanes * kLanes; block < padded_; block += kLanes) {
    float sums[kLanes] = {};
    const float* components = &components_[block];
    for (std::size_t j = 0; j < dim_; ++j, components += padded_) {
      for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] = std::fma(x[j], components[lane], sums[lane]);
    }
    std::copy_n(sums, kLanes, out + block);
  }
}

void dot_pairs(std::size_t count, std::size_t dim, const float* vectors, float* pairs, InteractionScratch& scratch) {
  scratch.panel.assign(count, dim, vectors);
  scratch.dots.resize(scratch.panel.padded());
  for (std::size_t a = 0; a + 1 < count; ++a) {
    scratch.panel.dots(vectors + a * dim, scratch.dots.data(), a + 1);
    pairs = std::copy(scratch.dots.begin() + static_cast<std::ptrdiff_t>(a + 1),
                      scratch.dots.begin() + static_cast<std::ptrdiff_t>(count), pairs);
  }
}

void dot_pairs_backward(std::size_t count, std::size_t dim, const float* vectors, const float* dpairs,
                        float* dvectors) {
  for (std::size_t a = 0; a + 1 < count; ++a) {
    for (std::size_t b = a + 1; b < count; ++b) {
      const float d = *dpairs++;
      for (std::size_t j = 0; j < dim; ++j) dvectors[a * dim + j] += d * vectors[b * dim + j];
      for (std::size_t j = 0; j < dim; ++j) dvectors[b * dim + j] += d * vectors[a * dim + j];
    }
  }
}

}  // namespace tamis::ranker
