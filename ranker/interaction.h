// Pairwise dot products of a score's vectors, the interaction of DLRM (Naumov et al. 2019, arXiv:1906.00091).
#pragma once

#include <cstddef>
#include <vector>

namespace tamis::ranker {

constexpr std::size_t pair_count(std::size_t vectors) { return vectors * (vectors - 1) / 2; }

// Vectors [count, dim] laid out by component and padded, so that the dot products of another vector with all of them
// are vertical: one register of sums, no reduction. Externally synchronised while assigned.
class DotPanel {
 public:
  static constexpr std::size_t kLanes = 16;

  void assign(std::size_t count, std::size_t dim, const float* vectors);
  // The same with `count` places, zeros until set().
  void reserve(std::size_t count, std::size_t dim);
  void set(std::size_t place, const float* vector);
  std::size_t count() const { return count_; }
  // out[i] = x . vectors[i] for the blocks of kLanes from the one that holds `first`; out has padded() entries.
  void dots(const float* x, float* out, std::size_t first = 0) const;
  std::size_t padded() const { return padded_; }

 private:
  std::size_t count_ = 0;
  std::size_t padded_ = 0;
  std::size_t dim_ = 0;
  std::vector<float> components_;  // [dim, padded]
};

struct InteractionScratch {
  DotPanel panel;
  std::vector<float> dots;
};

// pairs[(a, b)] = vectors[a] . vectors[b] for a < b, in the order (0,1), (0,2), ..., (1,2), ...: pair_count() entries.
void dot_pairs(std::size_t count, std::size_t dim, const float* vectors, float* pairs, InteractionScratch& scratch);
// Adds the gradient by `vectors` to dvectors.
void dot_pairs_backward(std::size_t count, std::size_t dim, const float* vectors, const float* dpairs, float* dvectors);

}  // namespace tamis::ranker
