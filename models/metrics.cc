#include "models/metrics.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tamis::models {

UserMetrics user_metrics(std::span<const std::uint32_t> ranked, std::span<const std::uint32_t> relevant,
                         std::size_t k) {
  UserMetrics metrics;
  if (relevant.empty() || k == 0) return metrics;
  double gain = 0;
  double precisions = 0;
  std::size_t hits = 0;
  for (std::size_t place = 0; place < std::min(k, ranked.size()); ++place) {
    if (!std::binary_search(relevant.begin(), relevant.end(), ranked[place])) continue;
    ++hits;
    const auto rank = static_cast<double>(place + 1);
    gain += 1 / std::log2(rank + 1);
    precisions += static_cast<double>(hits) / rank;
    if (hits == 1) metrics.mrr = 1 / rank;
  }
  const std::size_t possible = std::min(k, relevant.size());
  double ideal = 0;
  for (std::size_t place = 0; place < possible; ++place) ideal += 1 / std::log2(static_cast<double>(place) + 2);
  metrics.recall = static_cast<double>(hits) / static_cast<double>(relevant.size());
  metrics.ndcg = gain / ideal;
  metrics.hr = hits > 0 ? 1 : 0;
  metrics.map = precisions / static_cast<double>(possible);
  return metrics;
}

double gini_coefficient(std::span<const std::uint64_t> counts) {
  std::vector<std::uint64_t> sorted(counts.begin(), counts.end());
  std::sort(sorted.begin(), sorted.end());
  double total = 0;
  double weighted = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    total += static_cast<double>(sorted[i]);
    weighted += static_cast<double>(i + 1) * static_cast<double>(sorted[i]);
  }
  if (total == 0) return 0;
  const auto n = static_cast<double>(sorted.size());
  return 2 * weighted / (n * total) - (n + 1) / n;
}

}  // namespace tamis::models
