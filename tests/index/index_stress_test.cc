// Searches, writes, deletes, merges, saves at once; run under ThreadSanitizer and AddressSanitizer.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <filesystem>
#include <numeric>
#include <thread>
#include <vector>

#include "common/random.h"
#include "index/vector_index.h"
#include "tests/index/vector_data.h"

namespace tamis::index {
namespace {

constexpr std::uint32_t kDim = 16;
constexpr DenseId kIds = 1'500;

std::vector<float> vector_of(DenseId id, std::uint32_t version) {
  Random random((std::uint64_t{id} << 32) + version);
  std::vector<float> vector(kDim);
  for (float& x : vector) x = static_cast<float>(random.normal());
  return vector;
}

class IndexStressTest : public testing::TestWithParam<Metric> {};

TEST_P(IndexStressTest, NoDeletedIdReturnsAndEveryUpsertIsFound) {
  IndexOptions options;
  options.dim = kDim;
  options.metric = GetParam();
  options.growing_limit = 100;  // so that seals and merges never stop
  options.ef_construction = 30;
  options.m = 8;
  options.build_threads = 2;
  auto index = *VectorIndex::create(options);
  std::atomic<bool> stop{false};
  // Odd ids live for ever; even ones come and go. gone[id] is true from the return of a remove() to the next upsert().
  std::vector<std::atomic<bool>> gone(kIds);
  for (DenseId id = 0; id < kIds; ++id) gone[id] = id % 2 == 0;
  for (DenseId id = 1; id < kIds; id += 2) ASSERT_TRUE(index->upsert(id, vector_of(id, 0)).is_ok());

  std::atomic<std::uint64_t> writes{0};
  std::vector<std::thread> threads;
  for (std::uint32_t writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&, writer] {
      Random random(writer + 1);
      for (std::uint32_t version = 1; !stop; ++version) {
        const DenseId id = (random.below(kIds / 4) * 2 + writer) * 2;  // each writer has even ids of its own
        if (id >= kIds) continue;
        if (random.below(3) == 0) {
          index->remove(id);
          gone[id] = true;
          ASSERT_FALSE(index->contains(id));
          for (const Neighbor& neighbor : found_by(*index, vector_of(id, version), 5)) ASSERT_NE(neighbor.id, id);
        } else {
          gone[id] = false;
          const std::vector<float> vector = vector_of(id, version);
          ASSERT_TRUE(index->upsert(id, vector).is_ok());
          const auto found = *index->search(vector, 1, {.exact = true});
          ASSERT_FALSE(found.empty());
          if (options.metric != Metric::kDot) {
            ASSERT_EQ(found[0].id, id);
          } else {  // by dot product a longer vector may come first, never a lesser score than its own
            const double own = std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0);
            ASSERT_GE(found[0].score, own * (1 - 1e-4));
          }
          std::vector<float> out(kDim);
          ASSERT_TRUE(index->get(id, out));
        }
        writes.fetch_add(1);
      }
    });
  }
  threads.emplace_back([&] {  // batches replace odd ids
    for (std::uint32_t version = 0; !stop; ++version) {
      std::vector<DenseId> ids;
      std::vector<float> vectors;
      for (DenseId id = 1; id < 300; id += 2) {
        ids.push_back(id);
        const std::vector<float> vector = vector_of(id, 0);
        vectors.insert(vectors.end(), vector.begin(), vector.end());
      }
      ASSERT_TRUE(index->upsert_batch(ids, vectors).is_ok());
      if (version % 8 == 7) index->compact();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  threads.emplace_back([&] {
    const auto dir = std::filesystem::temp_directory_path() / ("tamis_index_stress_" + std::to_string(getpid()));
    while (!stop) {
      ASSERT_TRUE(index->save(dir, 1).is_ok());
      index->measure_recall();
      const auto loaded = VectorIndex::load(dir, options, nullptr);
      ASSERT_TRUE(loaded.is_ok()) << loaded.status().to_string();
      ASSERT_GE((*loaded)->size(), kIds / 2);
      static_cast<void>(index->stats());
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
    std::filesystem::remove_all(dir);
  });
  std::atomic<std::uint64_t> searches{0};
  for (std::uint32_t reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&, reader] {
      Random random(100 + reader);
      while (!stop) {
        // A vector that is only ever replaced by itself is found at every moment, whatever merges go on.
        const DenseId id = random.below(kIds / 2) * 2 + 1;
        const std::vector<float> query = vector_of(id, 0);
        const auto found = *index->search(query, kIds, {.exact = true});  // more than there are: all of them
        const bool seen =
            std::any_of(found.begin(), found.end(), [&](const Neighbor& neighbor) { return neighbor.id == id; });
        ASSERT_TRUE(seen) << id << " of " << found.size();
        Bitmap filter;
        for (DenseId other = 1; other < kIds; other += 2) filter.add(other);
        for (const Neighbor& neighbor : found_by(*index, query, 20, {.filter = &filter}))
          ASSERT_EQ(neighbor.id % 2, 1U);
        searches.fetch_add(1);
      }
    });
  }
  // Long enough for every party to have had its turn, on however busy a machine.
  const auto begin = std::chrono::steady_clock::now();
  const auto elapsed_s = [&] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  const auto all_took_part = [&] { return writes.load() > 100 && searches.load() > 10 && index->stats().merges > 1; };
  while (!HasFatalFailure() && (elapsed_s() < 2.0 || (!all_took_part() && elapsed_s() < 120.0))) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(all_took_part()) << writes.load() << " writes, " << searches.load() << " searches, "
                               << index->stats().merges << " merges";

  index->compact();
  for (DenseId id = 0; id < kIds; ++id) ASSERT_EQ(index->contains(id), !gone[id]) << id;
  for (const Neighbor& neighbor : found_by(*index, vector_of(1, 0), kIds, {.exact = true})) {
    ASSERT_FALSE(gone[neighbor.id]);
  }
}

INSTANTIATE_TEST_SUITE_P(Metrics, IndexStressTest, testing::Values(Metric::kDot, Metric::kCosine, Metric::kL2),
                         [](const auto& tested) { return std::string(metric_name(tested.param)); });

}  // namespace
}  // namespace tamis::index
