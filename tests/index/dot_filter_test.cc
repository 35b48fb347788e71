// Filters over spaces by inner product, on vectors as models learn them: norms over two orders of magnitude, which go
// with popularity, and queries that lean towards where the long ones are.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "index/vector_index.h"
#include "tests/index/vector_data.h"

namespace tamis::index {
namespace {

constexpr std::uint32_t kDim = 48;
constexpr std::size_t kItems = 30'000;
constexpr std::size_t kQueries = 50;

struct Factors {
  VectorData items;
  VectorData users;
};

// Items lie around the centres of tastes that overlap; a user is the sum of some of the items they took, the popular
// ones first.
Factors learned_factors(double sigma) {
  Factors made{clustered_vectors(kItems, kDim, 21), {kDim, {}}};
  Random random(22);
  std::vector<double> popularity(kItems);
  for (std::size_t i = 0; i < kItems; ++i) {
    popularity[i] = std::exp(sigma * random.normal());
    for (std::uint32_t d = 0; d < kDim; ++d) made.items.values[i * kDim + d] *= static_cast<float>(popularity[i]);
  }
  std::partial_sum(popularity.begin(), popularity.end(), popularity.begin());
  for (std::size_t user = 0; user < kQueries; ++user) {
    std::vector<float> sum(kDim);
    for (int taken = 0; taken < 8; ++taken) {
      const double draw = random.uniform() * popularity.back();
      const auto item =
          static_cast<std::size_t>(std::lower_bound(popularity.begin(), popularity.end(), draw) - popularity.begin());
      const auto row = made.items.row(item);
      const double norm = std::sqrt(score_of(row, row, Metric::kDot));
      for (std::uint32_t d = 0; d < kDim; ++d) sum[d] += row[d] / static_cast<float>(norm);
    }
    made.users.values.insert(made.users.values.end(), sum.begin(), sum.end());
  }
  return made;
}

class DotFilterTest : public testing::TestWithParam<double> {};

TEST_P(DotFilterTest, RecallHoldsAtEverySelectivity) {
  const Factors factors = learned_factors(GetParam());
  IndexOptions options;
  options.dim = kDim;
  options.metric = Metric::kDot;
  auto index = *VectorIndex::create(options);
  ASSERT_TRUE(index->upsert_batch(factors.items.ids(), factors.items.values).is_ok());
  std::vector<double> norms;
  for (std::size_t i = 0; i < kItems; ++i)
    norms.push_back(score_of(factors.items.row(i), factors.items.row(i), Metric::kDot));
  std::vector<double> sorted = norms;
  std::sort(sorted.begin(), sorted.end());
  for (const double share : {1.0, 0.9, 0.75, 0.5, 0.35, 0.2, 0.1, 0.03, 0.01}) {
    // Random items; those with short rows; those with long ones.
    for (const char* which : {"random", "short", "long"}) {
      Random random(23);
      Bitmap filter;
      const auto last = static_cast<std::size_t>(share * (kItems - 1));
      for (DenseId item = 0; item < kItems; ++item) {
        const bool is_in = *which == 'r'   ? random.uniform() < share
                           : *which == 's' ? norms[item] <= sorted[last]
                                           : norms[item] >= sorted[kItems - 1 - last];
        if (is_in) filter.add(item);
      }
      double sum = 0;
      for (std::size_t q = 0; q < kQueries; ++q) {
        const auto expected = brute_force(factors.items, factors.users.row(q), 10, Metric::kDot,
                                          [&](DenseId id) { return filter.contains(id); });
        sum += overlap(expected, *index->search(factors.users.row(q), 10, {.filter = &filter}));
      }
      EXPECT_GE(sum / kQueries, 0.95) << which << " " << share;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Sigma, DotFilterTest, testing::Values(0.2, 0.5, 1.0));

}  // namespace
}  // namespace tamis::index
