#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "common/random.h"
#include "index/vector_index.h"
#include "tests/index/vector_data.h"

namespace tamis::index {
namespace {

constexpr std::uint32_t kDim = 32;
constexpr std::size_t kRows = 12'000;

class FilteredSearchTest : public testing::TestWithParam<Metric> {};

// Mean recall@10 under the filter, over 25 queries.
double filtered_recall(const VectorIndex& index, const VectorData& data, const Bitmap& filter, Metric metric) {
  const VectorData asked = clustered_vectors(25, kDim, 77);
  double sum = 0;
  for (std::size_t q = 0; q < asked.rows(); ++q) {
    const auto expected = brute_force(data, asked.row(q), 10, metric, [&](DenseId id) { return filter.contains(id); });
    const auto found = *index.search(asked.row(q), 10, {.filter = &filter});
    for (const Neighbor& neighbor : found) EXPECT_TRUE(filter.contains(neighbor.id));
    EXPECT_EQ(found.size(), expected.size());
    sum += overlap(expected, found);
  }
  return sum / static_cast<double>(asked.rows());
}

TEST_P(FilteredSearchTest, RecallHoldsAtEverySelectivity) {
  IndexOptions options;
  options.dim = kDim;
  options.metric = GetParam();
  options.growing_limit = 1'000;
  options.ef_construction = 60;
  const VectorData data = clustered_vectors(kRows, kDim, 11);
  auto index = *VectorIndex::create(options);
  // Most of it in one segment, the rest in a growing one.
  const std::size_t batch = kRows - 500;
  const std::vector<DenseId> ids = data.ids();
  ASSERT_TRUE(index->upsert_batch(std::span(ids).first(batch), std::span(data.values).first(batch * kDim)).is_ok());
  for (std::size_t i = batch; i < kRows; ++i) ASSERT_TRUE(index->upsert(ids[i], data.row(i)).is_ok());

  for (const double selectivity : {1.0, 0.5, 0.1, 0.01, 0.001}) {
    Random random(31);
    Bitmap filter;
    for (DenseId id = 0; id < kRows; ++id) {
      if (random.uniform() < selectivity) filter.add(id);
    }
    filter.add(900'000);  // an id that the index does not have
    EXPECT_GE(filtered_recall(*index, data, filter, options.metric), 0.95) << selectivity;
  }
  // A filter that goes with the vectors: all rows of a few clusters, far from most queries.
  Bitmap near_first;
  for (const Neighbor& neighbor : found_by(*index, data.row(0), 4'000, {.exact = true})) near_first.add(neighbor.id);
  EXPECT_GE(filtered_recall(*index, data, near_first, options.metric), 0.95);
  const Bitmap none;
  EXPECT_TRUE(index->search(data.row(0), 10, {.filter = &none})->empty());
}

INSTANTIATE_TEST_SUITE_P(Metrics, FilteredSearchTest, testing::Values(Metric::kDot, Metric::kCosine, Metric::kL2),
                         [](const auto& tested) { return std::string(metric_name(tested.param)); });

// Dot product, norms over two orders of magnitude, and a filter that admits the short half alone: rows to which a graph
// by inner product has few links.
TEST(UnevenNormsTest, RecallHoldsWithAndWithoutShortRowsFilter) {
  VectorData data = clustered_vectors(kRows, kDim, 13);
  Random random(14);
  Bitmap short_rows;
  for (std::size_t i = 0; i < kRows; ++i) {
    const double length = std::exp(random.normal());
    for (std::uint32_t d = 0; d < kDim; ++d) data.values[i * kDim + d] *= static_cast<float>(length);
    if (length < 1) short_rows.add(static_cast<std::uint32_t>(i));
  }
  IndexOptions options;
  options.dim = kDim;
  options.metric = Metric::kDot;
  options.growing_limit = 1'000;
  options.ef_construction = 60;
  auto index = *VectorIndex::create(options);
  ASSERT_TRUE(index->upsert_batch(data.ids(), data.values).is_ok());
  Bitmap all;
  all.addRange(0, kRows);
  EXPECT_GE(filtered_recall(*index, data, all, options.metric), 0.95);
  EXPECT_GE(filtered_recall(*index, data, short_rows, options.metric), 0.95);
  EXPECT_GE(recall_at_10(*index, data, options.metric, 50, 100), 0.95);
}

// All of a query's surroundings deleted: the walk must get through them.
TEST(TombstoneTest, ResultsAreFullBehindAWallOfTombstones) {
  IndexOptions options;
  options.dim = kDim;
  options.growing_limit = 1'000;
  options.ef_construction = 60;
  const VectorData data = clustered_vectors(8'000, kDim, 12);
  auto index = *VectorIndex::create(options);
  ASSERT_TRUE(index->upsert_batch(data.ids(), data.values).is_ok());
  std::vector<bool> removed(data.rows());
  for (const Neighbor& neighbor : found_by(*index, data.row(5), 1'500, {.exact = true})) {
    index->remove(neighbor.id);
    removed[neighbor.id] = true;
  }
  const auto expected = brute_force(data, data.row(5), 10, options.metric, [&](DenseId id) { return !removed[id]; });
  const auto found = *index->search(data.row(5), 10);
  EXPECT_EQ(found.size(), 10U);
  EXPECT_GE(overlap(expected, found), 0.7);
  for (const Neighbor& neighbor : found) EXPECT_FALSE(removed[neighbor.id]);
}

}  // namespace
}  // namespace tamis::index
