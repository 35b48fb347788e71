// BprFoldIn: places a user of any history among the item factors of BPR, in closed form.
//
// BPR's logistic loss has none; the square loss of the same comparisons has (RankALS: Takacs & Tikk 2012,
// doi:10.1145/2365952.2365972). p minimises
//   mean over items i of the history of E_j (e_i - p.(q_i - q_j))^2  +  ridge * spread * |p|^2,
// the other item j drawn uniformly, as in training; e_i is 1, and below 0 for an item that the user turned down. With m
// the mean of the item factors, C their covariance and spread the mean of C's diagonal, that is
//   (C + mean of (q_i - m)(q_i - m)^T + ridge * spread * I) p = mean of e_i (q_i - m).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tamis::models {

// Thread-safe after construction. REQUIRES: item_factors outlives it.
class BprFoldIn {
 public:
  BprFoldIn(std::span<const float> item_factors, std::size_t dim, double ridge);  // [items, dim]

  // The factor of a user who met `items` (distinct, not empty) with `entries` (one each, or none: all 1). `out` is
  // [dim]. False where the equations are singular. O(items * dim^2 + dim^3).
  bool solve(std::span<const std::uint32_t> items, std::span<float> out, std::span<const float> entries = {}) const;
  // How much each of `items` adds to the score that solve()'s factor has for `target`; the shares sum to it.
  bool explain(std::span<const std::uint32_t> items, std::uint32_t target, std::span<double> shares,
               std::span<const float> entries = {}) const;

 private:
  // The matrix of the equations, lower triangle, and the items' centred factors [items, dim].
  struct Equations {
    std::vector<float> system;
    std::vector<float> centred;
  };
  Equations equations(std::span<const std::uint32_t> items) const;

  std::size_t dim_;
  std::span<const float> item_factors_;
  std::vector<float> mean_;        // m, [dim]
  std::vector<float> covariance_;  // C + ridge * spread * I, [dim, dim], lower triangle
};

}  // namespace tamis::models
