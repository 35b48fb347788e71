// Metrics of ranked lists against the set of relevant items, all with binary relevance.
#pragma once

#include <cstdint>
#include <span>

namespace tamis::models {

// Of one user. `ranked` is best first and may hold fewer than k; what stands after the k-th place is ignored.
// `relevant` ascends, is unique and not empty.
struct UserMetrics {
  double recall = 0;  // hits / |relevant|
  double ndcg = 0;    // sum over hits of 1 / log2(rank + 1), over the same of an ideal list of min(|relevant|, k) hits
  double hr = 0;      // 1 where there is a hit
  double mrr = 0;     // 1 / rank of the first hit, 0 without one
  double map = 0;     // mean over min(|relevant|, k) of the precision at each hit
};
UserMetrics user_metrics(std::span<const std::uint32_t> ranked, std::span<const std::uint32_t> relevant, std::size_t k);

// The Gini coefficient of non-negative counts: 0 where all are equal, towards 1 where one has everything; 0 for no
// counts or all zeros.
double gini_coefficient(std::span<const std::uint64_t> counts);

}  // namespace tamis::models
