#include "index/vector_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "common/random.h"
#include "tests/index/vector_data.h"

namespace tamis::index {
namespace {

struct Case {
  Metric metric;
  Quantization quantization;
  bool keep_f32;
};

std::string case_name(const testing::TestParamInfo<Case>& info) {
  return std::string(metric_name(info.param.metric)) + "_" + std::string(quantization_name(info.param.quantization)) +
         (info.param.keep_f32 ? "" : "_alone");
}

class VectorIndexTest : public testing::TestWithParam<Case> {
 protected:
  IndexOptions options(std::uint32_t dim) const {
    IndexOptions options;
    options.dim = dim;
    options.metric = GetParam().metric;
    options.quantization = GetParam().quantization;
    options.keep_f32 = GetParam().keep_f32;
    options.growing_limit = 512;
    options.ef_construction = 100;
    return options;
  }
};

TEST_P(VectorIndexTest, ExactSearchEqualsBruteForce) {
  if (!GetParam().keep_f32 && GetParam().quantization != Quantization::kF32) GTEST_SKIP() << "scores are approximate";
  const std::uint32_t dim = 33;
  const VectorData data = clustered_vectors(2'000, dim, 1);
  auto index = *VectorIndex::create(options(dim));
  ASSERT_TRUE(index->upsert_batch(data.ids(), data.values).is_ok());
  for (std::size_t q = 0; q < 50; ++q) {
    const VectorData asked = clustered_vectors(1, dim, 100 + q);
    const auto query = asked.row(0);
    const auto expected = brute_force(data, query, 10, GetParam().metric);
    const auto found = *index->search(query, 10, {.exact = true});
    ASSERT_EQ(found.size(), 10U);
    for (std::size_t i = 0; i < 10; ++i) {
      EXPECT_NEAR(found[i].score, expected[i].score, 1e-4 * std::max(1.0F, std::fabs(expected[i].score)));
      EXPECT_GE(found[i > 0 ? i - 1 : 0].score, found[i].score);
    }
  }
}

TEST_P(VectorIndexTest, WalkFindsNearlyAll) {
  const std::uint32_t dim = 48;
  const VectorData data = clustered_vectors(6'000, dim, 2);
  auto index = *VectorIndex::create(options(dim));
  ASSERT_TRUE(index->upsert_batch(data.ids(), data.values).is_ok());
  ASSERT_EQ(index->stats().segments, 2U);  // the batch, and an empty growing one
  EXPECT_GE(recall_at_10(*index, data, GetParam().metric, 100, 64), GetParam().keep_f32 ? 0.97 : 0.9);
}

TEST_P(VectorIndexTest, StreamedRowsAreFoundWhileGrowingAndAfterCompaction) {
  const std::uint32_t dim = 24;
  const VectorData data = clustered_vectors(3'000, dim, 3);
  auto index = *VectorIndex::create(options(dim));
  for (std::size_t i = 0; i < data.rows(); ++i) {
    ASSERT_TRUE(index->upsert(static_cast<DenseId>(i), data.row(i)).is_ok());
  }
  EXPECT_EQ(index->size(), 3'000U);
  EXPECT_GE(recall_at_10(*index, data, GetParam().metric, 50, 128), GetParam().keep_f32 ? 0.97 : 0.9);
  for (DenseId id = 0; id < 3'000; id += 3) index->remove(id);
  index->compact();
  const IndexStats stats = index->stats();
  EXPECT_EQ(stats.vectors, 2'000U);
  EXPECT_EQ(stats.tombstones, 0U);
  EXPECT_LE(stats.segments, 2U);
  for (DenseId id = 0; id < 3'000; ++id) EXPECT_EQ(index->contains(id), id % 3 != 0);
  const auto found = *index->search(data.row(3), 100, {.ef = 200});
  EXPECT_EQ(found.size(), 100U);
  for (const Neighbor& neighbor : found) EXPECT_NE(neighbor.id % 3, 0U);
}

// Waits for the background thread: segments of at most `most`, within a minute.
bool merges_to(const VectorIndex& index, std::size_t most) {
  for (int i = 0; i < 6'000 && index.stats().segments > most; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return index.stats().segments <= most;
}

TEST_P(VectorIndexTest, BatchesBecomeOneSegment) {
  const std::uint32_t dim = 24;
  const VectorData data = clustered_vectors(6'000, dim, 4);
  auto index = *VectorIndex::create(options(dim));
  const std::vector<DenseId> ids = data.ids();
  for (std::size_t begin = 0; begin < data.rows(); begin += 600) {
    ASSERT_TRUE(
        index->upsert_batch(std::span(ids).subspan(begin, 600), std::span(data.values).subspan(begin * dim, 600 * dim))
            .is_ok());
  }
  EXPECT_TRUE(merges_to(*index, 2)) << index->stats().segments;  // one, and an empty growing one
  EXPECT_EQ(index->size(), 6'000U);
  EXPECT_GE(recall_at_10(*index, data, GetParam().metric, 100, 64), GetParam().keep_f32 ? 0.97 : 0.9);
}

TEST_P(VectorIndexTest, SmallSegmentsJoinALargeOneOnceTheyAreAThirtiethOfIt) {
  const std::uint32_t dim = 8;
  const VectorData data = clustered_vectors(40'000, dim, 5);
  auto index = *VectorIndex::create(options(dim));
  const std::vector<DenseId> ids = data.ids();
  const auto add = [&](std::size_t begin, std::size_t count) {
    ASSERT_TRUE(index
                    ->upsert_batch(std::span(ids).subspan(begin, count),
                                   std::span(data.values).subspan(begin * dim, count * dim))
                    .is_ok());
  };
  add(0, 36'000);
  add(36'000, 600);
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_EQ(index->stats().segments, 3U) << "600 rows are too few to copy 36,000 for";
  add(36'600, 600);
  EXPECT_TRUE(merges_to(*index, 2)) << index->stats().segments;
  EXPECT_EQ(index->size(), 37'200U);
  // A segment most of whose rows are replaced is rebuilt without them, together with what is small beside it.
  add(0, 30'000);
  EXPECT_TRUE(merges_to(*index, 2)) << index->stats().segments;
  EXPECT_EQ(index->size(), 37'200U);
  for (int i = 0; i < 6'000 && index->stats().tombstones > 10'000; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  EXPECT_LE(index->stats().tombstones, 10'000U);
}

TEST_P(VectorIndexTest, GetReturnsTheStoredRow) {
  auto index = *VectorIndex::create(options(5));
  const std::vector<float> vector = {3, 0, -4, 0, 0};
  ASSERT_TRUE(index->upsert(7, vector).is_ok());
  std::vector<float> out(5);
  ASSERT_TRUE(index->get(7, out));
  const float scale = GetParam().metric == Metric::kCosine ? 0.2F : 1.0F;
  for (std::size_t i = 0; i < 5; ++i) EXPECT_NEAR(out[i], vector[i] * scale, GetParam().keep_f32 ? 1e-6 : 0.05);
  EXPECT_FALSE(index->get(8, out));
  EXPECT_FALSE(index->get(7, std::span(out).first(4)));
}

INSTANTIATE_TEST_SUITE_P(
    Spaces, VectorIndexTest,
    testing::Values(Case{Metric::kCosine, Quantization::kInt8, true}, Case{Metric::kDot, Quantization::kInt8, true},
                    Case{Metric::kL2, Quantization::kInt8, true}, Case{Metric::kCosine, Quantization::kF16, true},
                    Case{Metric::kDot, Quantization::kF32, true}, Case{Metric::kL2, Quantization::kF32, true},
                    Case{Metric::kL2, Quantization::kF16, false}, Case{Metric::kDot, Quantization::kInt8, false}),
    case_name);

// The f32 rows of a test's data; those of `lost` cannot be read.
class KeptElsewhere final : public OriginalRows {
 public:
  explicit KeptElsewhere(const VectorData* data) : data_(data) {}
  void read(std::span<const DenseId> ids, std::span<float> out, std::span<bool> found) const override {
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (lost.contains(ids[i])) continue;
      const auto row = data_->row(ids[i]);
      std::copy(row.begin(), row.end(), out.begin() + static_cast<std::ptrdiff_t>(i * data_->dim));
      found[i] = true;
    }
    rows_read += ids.size();
  }
  std::set<DenseId> lost;
  mutable std::size_t rows_read = 0;

 private:
  const VectorData* data_;
};

class OriginalRowsTest : public testing::TestWithParam<Metric> {};

TEST_P(OriginalRowsTest, SearchesScoreByRowsThatAreKeptElsewhere) {
  const VectorData data = clustered_vectors(6'000, 24, 5);
  const auto kept = std::make_shared<KeptElsewhere>(&data);
  IndexOptions options{.dim = data.dim, .metric = GetParam(), .ef_construction = 100, .growing_limit = 512};
  auto whole = *VectorIndex::create(options);
  options.keep_f32 = false;
  options.originals = kept;
  auto index = *VectorIndex::create(options);
  const std::size_t batch = 5'000;  // the others grow
  const std::vector<DenseId> ids = data.ids();
  for (VectorIndex* target : {whole.get(), index.get()}) {
    ASSERT_TRUE(
        target->upsert_batch(std::span(ids).first(batch), std::span(data.values).first(batch * data.dim)).is_ok());
    for (DenseId id = batch; id < data.rows(); ++id) ASSERT_TRUE(target->upsert(id, data.row(id)).is_ok());
  }
  EXPECT_LT(index->stats().memory_bytes + data.values.size() * sizeof(float), whole->stats().memory_bytes + 4'096);
  Bitmap even;
  for (DenseId id = 0; id < data.rows(); id += 2) even.add(id);
  double recall = 0;
  for (std::size_t q = 0; q < 50; ++q) {
    const VectorData asked = clustered_vectors(1, data.dim, 300 + q);
    const auto query = asked.row(0);
    const auto is_even = [](DenseId id) { return id % 2 == 0; };
    const auto all = brute_force(data, query, 10, GetParam());
    const auto admitted = brute_force(data, query, 10, GetParam(), is_even);
    kept->rows_read = 0;
    const auto found = found_by(*index, query, 10, {.ef = 100});
    EXPECT_LE(kept->rows_read, 30U);
    recall += overlap(all, found);
    recall += overlap(all, found_by(*index, query, 10, {.exact = true}));
    const auto filtered = found_by(*index, query, 10, {.ef = 100, .filter = &even});
    recall += overlap(admitted, filtered);
    ASSERT_EQ(found.size(), 10U);
    for (const auto& list : {found, filtered}) {
      for (std::size_t i = 0; i < list.size(); ++i) {
        const double exact = score_of(query, data.row(list[i].id), GetParam());
        EXPECT_NEAR(list[i].score, exact, 1e-4 * std::max(1.0, std::fabs(exact))) << "to the f32 row";
        EXPECT_GE(list[i > 0 ? i - 1 : 0].score, list[i].score);
      }
    }
  }
  EXPECT_GE(recall / 150, 0.98);

  // A row that cannot be read has the score of its quantized one.
  const auto best = found_by(*index, data.row(7), 3);
  const DenseId nearest = best[0].id;
  kept->lost = {nearest};
  const auto lost = found_by(*index, data.row(7), 3);
  const auto still = std::find_if(lost.begin(), lost.end(), [&](const Neighbor& one) { return one.id == nearest; });
  ASSERT_NE(still, lost.end());
  EXPECT_NEAR(still->score, best[0].score, 0.02 * std::max(20.0F, std::fabs(best[0].score)));
  EXPECT_NE(still->score, best[0].score);
  std::vector<float> out(data.dim);
  EXPECT_TRUE(index->get_original(nearest, out)) << "dequantized";
  const DenseId other = nearest + 1;
  EXPECT_TRUE(index->get_original(other, out));
  std::vector<float> expected(data.dim);
  ASSERT_TRUE(whole->get(other, expected));
  for (std::size_t i = 0; i < out.size(); ++i) EXPECT_FLOAT_EQ(out[i], expected[i]);
  index->remove(other);
  EXPECT_FALSE(index->get_original(other, out));
}

INSTANTIATE_TEST_SUITE_P(Metrics, OriginalRowsTest, testing::Values(Metric::kCosine, Metric::kDot, Metric::kL2),
                         [](const auto& metric) { return std::string(metric_name(metric.param)); });

TEST(VectorIndexOptionsTest, OutOfRangeIsRefusedByName) {
  IndexOptions options;
  const auto no_dim = VectorIndex::create(options);
  ASSERT_FALSE(no_dim.is_ok());
  EXPECT_EQ(no_dim.status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(no_dim.status().field(), "index.dim");
  options.dim = 8;
  options.m = 3;
  EXPECT_EQ(VectorIndex::create(options).status().field(), "index.m");
  options.m = 16;
  options.recall_target = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(VectorIndex::create(options).is_ok());
}

TEST(VectorIndexInputTest, BadVectorsAreRefusedAndChangeNothing) {
  IndexOptions options;
  options.dim = 4;
  auto index = *VectorIndex::create(options);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(index->upsert(1, std::vector<float>{1, 2, 3}).field(), "vector");
  EXPECT_EQ(index->upsert(1, std::vector<float>{1, 2, nan, 3}).field(), "vector[2]");
  EXPECT_EQ(index->upsert(1, std::vector<float>{infinity, 2, 3, 3}).code(), StatusCode::kInvalidArgument);
  EXPECT_FALSE(index->upsert(1, std::vector<float>{1e30F, 2, 3, 3}).is_ok());
  EXPECT_FALSE(index->upsert(kNoDenseId, std::vector<float>{1, 2, 3, 3}).is_ok());
  const std::vector<DenseId> two = {1, 2};
  EXPECT_FALSE(index->upsert_batch(two, std::vector<float>{1, 2, 3, 4}).is_ok());
  EXPECT_FALSE(index->upsert_batch(two, std::vector<float>{1, 2, 3, 4, 5, 6, 7, nan}).is_ok());
  EXPECT_EQ(index->size(), 0U);
  EXPECT_FALSE(index->search(std::vector<float>{1, 2, 3}, 1).is_ok());
  EXPECT_FALSE(index->search(std::vector<float>{1, 2, 3, nan}, 1).is_ok());
  EXPECT_FALSE(index->search(std::vector<float>{1, 2, 3, 4}, 0).is_ok());
  EXPECT_TRUE(index->search(std::vector<float>{1, 2, 3, 4}, 5)->empty());
}

TEST(VectorIndexInputTest, OddVectorsAreAtHome) {
  for (const Metric metric : {Metric::kDot, Metric::kCosine, Metric::kL2}) {
    IndexOptions options;
    options.dim = 3;
    options.metric = metric;
    options.growing_limit = 16;
    auto index = *VectorIndex::create(options);
    const std::vector<float> zero = {0, 0, 0};
    const std::vector<float> tiny = {1e-44F, 0, 0};
    const std::vector<float> huge = {9e17F, 0, 0};
    for (DenseId id = 0; id < 60; ++id) {
      ASSERT_TRUE(index->upsert(id * 70'000'000, id % 3 == 0 ? zero : id % 3 == 1 ? tiny : huge).is_ok());
    }
    index->compact();
    for (const auto& query : {zero, tiny, huge}) {
      const auto found = *index->search(query, 1'000'000);
      EXPECT_EQ(found.size(), 60U);
      for (const Neighbor& neighbor : found) EXPECT_TRUE(std::isfinite(neighbor.score));
    }
  }
}

TEST(SegmentedIndexTest, UpsertReplaces) {
  IndexOptions options;
  options.dim = 2;
  options.metric = Metric::kL2;
  auto index = *VectorIndex::create(options);
  const std::vector<float> first = {1, 0};
  const std::vector<float> second = {0, 5};
  ASSERT_TRUE(index->upsert(9, first).is_ok());
  ASSERT_TRUE(index->upsert(9, second).is_ok());
  EXPECT_EQ(index->size(), 1U);
  EXPECT_EQ(index->stats().tombstones, 1U);
  const auto found = *index->search(second, 10);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].id, 9U);
  EXPECT_FLOAT_EQ(found[0].score, 0);
  index->remove(9);
  index->remove(9);
  index->remove(12'345);
  EXPECT_EQ(index->size(), 0U);
  EXPECT_TRUE(index->search(second, 10)->empty());
}

TEST(SegmentedIndexTest, BatchWithRepeatedIdsKeepsTheLast) {
  IndexOptions options;
  options.dim = 2;
  options.metric = Metric::kL2;
  options.growing_limit = 16;
  auto index = *VectorIndex::create(options);
  std::vector<DenseId> ids;
  std::vector<float> vectors;
  for (DenseId i = 0; i < 100; ++i) {
    ids.push_back(i % 20);
    vectors.insert(vectors.end(), {static_cast<float>(i), 1});
  }
  ASSERT_TRUE(index->upsert_batch(ids, vectors).is_ok());
  EXPECT_EQ(index->size(), 20U);
  std::vector<float> out(2);
  ASSERT_TRUE(index->get(5, out));
  EXPECT_EQ(out[0], 85);
}

TEST(SegmentedIndexTest, OneThreadBuildsTheSameGraphEachTime) {
  const VectorData data = clustered_vectors(2'000, 16, 5);
  IndexOptions options;
  options.dim = 16;
  options.growing_limit = 512;
  auto a = *VectorIndex::create(options);
  auto b = *VectorIndex::create(options);
  ASSERT_TRUE(a->upsert_batch(data.ids(), data.values).is_ok());
  ASSERT_TRUE(b->upsert_batch(data.ids(), data.values).is_ok());
  for (std::size_t i = 0; i < 50; ++i) {
    const auto x = *a->search(data.row(i), 20, {.ef = 20});
    const auto y = *b->search(data.row(i), 20, {.ef = 20});
    ASSERT_EQ(x.size(), y.size());
    for (std::size_t j = 0; j < x.size(); ++j) EXPECT_EQ(x[j].id, y[j].id);
  }
}

TEST(SegmentedIndexTest, ParallelBuildHoldsRecall) {
  const VectorData data = clustered_vectors(1'500, 32, 6);
  IndexOptions options;
  options.dim = 32;
  options.growing_limit = 512;
  options.build_threads = 4;
  auto index = *VectorIndex::create(options);
  ASSERT_TRUE(index->upsert_batch(data.ids(), data.values).is_ok());
  EXPECT_GE(recall_at_10(*index, data, options.metric, 100, 64), 0.97);
}

}  // namespace
}  // namespace tamis::index
