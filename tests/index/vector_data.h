// Vectors for tests, and the brute force by which answers are judged.
#pragma once

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "common/random.h"
#include "index/vector_index.h"

namespace tamis::index {

struct VectorData {
  std::uint32_t dim = 0;
  std::vector<float> values;  // [rows, dim]
  std::size_t rows() const { return values.size() / dim; }
  std::span<const float> row(std::size_t i) const { return std::span(values).subspan(i * dim, dim); }
  std::vector<DenseId> ids() const {  // 0, 1, 2, ...
    std::vector<DenseId> ids(rows());
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<DenseId>(i);
    return ids;
  }
};

// Points around 50 centres that are the same for every seed.
inline VectorData clustered_vectors(std::size_t rows, std::uint32_t dim, std::uint64_t seed) {
  constexpr std::uint32_t kCenters = 50;
  Random fixed(4'711);
  std::vector<float> centers(kCenters * dim);
  for (float& x : centers) x = static_cast<float>(fixed.normal());
  Random random(seed);
  VectorData data{dim, {}};
  for (std::size_t i = 0; i < rows; ++i) {
    const float* center = &centers[random.below(kCenters) * dim];
    for (std::uint32_t d = 0; d < dim; ++d)
      data.values.push_back(center[d] + 0.6F * static_cast<float>(random.normal()));
  }
  return data;
}

// The definition, in double.
inline double score_of(std::span<const float> a, std::span<const float> b, Metric metric) {
  double dot = 0, norm_a = 0, norm_b = 0, l2 = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += double{a[i]} * b[i];
    norm_a += double{a[i]} * a[i];
    norm_b += double{b[i]} * b[i];
    l2 += (double{a[i]} - b[i]) * (double{a[i]} - b[i]);
  }
  if (metric == Metric::kL2) return -l2;
  if (metric == Metric::kDot) return dot;
  return norm_a > 0 && norm_b > 0 ? dot / std::sqrt(norm_a * norm_b) : 0;
}

// The k best of the rows for which `admitted` is true, best first.
template <typename Admitted>
std::vector<Neighbor> brute_force(const VectorData& data, std::span<const float> query, std::size_t k, Metric metric,
                                  Admitted admitted) {
  std::vector<Neighbor> all;
  for (std::size_t i = 0; i < data.rows(); ++i) {
    if (!admitted(static_cast<DenseId>(i))) continue;
    all.push_back({static_cast<DenseId>(i), static_cast<float>(score_of(query, data.row(i), metric))});
  }
  std::stable_sort(all.begin(), all.end(), [](const Neighbor& a, const Neighbor& b) { return a.score > b.score; });
  all.resize(std::min(all.size(), k));
  return all;
}
inline std::vector<Neighbor> brute_force(const VectorData& data, std::span<const float> query, std::size_t k,
                                         Metric metric) {
  return brute_force(data, query, k, metric, [](DenseId) { return true; });
}

// The answer by value; fails loudly on an error, which none of the callers expects.
inline std::vector<Neighbor> found_by(const VectorIndex& index, std::span<const float> query, std::size_t k,
                                      const SearchOptions& options = {}) {
  return index.search(query, k, options).value();
}

inline double overlap(const std::vector<Neighbor>& expected, const std::vector<Neighbor>& found) {
  std::size_t common = 0;
  for (const Neighbor& wanted : expected) {
    common += std::any_of(found.begin(), found.end(), [&](const Neighbor& got) { return got.id == wanted.id; });
  }
  return expected.empty() ? 1.0 : static_cast<double>(common) / static_cast<double>(expected.size());
}

// Over `queries` fresh queries.
inline double recall_at_10(const VectorIndex& index, const VectorData& data, Metric metric, std::size_t queries,
                           std::uint32_t ef) {
  const VectorData asked = clustered_vectors(queries, data.dim, 999);
  double sum = 0;
  for (std::size_t q = 0; q < queries; ++q) {
    sum += overlap(brute_force(data, asked.row(q), 10, metric), *index.search(asked.row(q), 10, {.ef = ef}));
  }
  return sum / static_cast<double>(queries);
}

}  // namespace tamis::index
