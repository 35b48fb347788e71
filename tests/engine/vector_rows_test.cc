#include "engine/live/vector_rows.h"

#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "common/random.h"
#include "tests/engine/small_store.h"

namespace tamis::engine {
namespace {

constexpr std::uint32_t kDim = 16;
constexpr std::uint32_t kRows = 1'000;

class VectorRowsTest : public ::testing::Test {
 protected:
  VectorRowsTest() { commit({PutSpace{{.name = "text", .dim = kDim, .metric = Metric::kDot}}}); }

  void commit(const std::vector<Mutation>& batch) { ASSERT_TRUE(store->commit(batch, Durability::kNone).is_ok()); }
  static std::string name(std::uint32_t row) { return "i" + std::to_string(row); }
  DenseId item(std::uint32_t row) { return *store->ids(EntityKind::kItem).find(name(row)); }
  // A row that says which row it is, and how often it was changed.
  static std::vector<float> values(std::uint32_t row, std::uint32_t version) {
    std::vector<float> made(kDim, static_cast<float>(version));
    made[0] = static_cast<float>(row);
    return made;
  }
  // Commits, and tells the cache as the committing thread does.
  void put(VectorRows& rows, std::uint32_t row, std::uint32_t version) {
    commit({PutVector{"text", EntityKind::kItem, name(row), values(row, version)}});
    rows.on_changed("text", EntityKind::kItem, item(row));
  }

  TemporaryDirectory directory;
  std::unique_ptr<storage::Store> store = open_small_store(directory);
};

TEST_F(VectorRowsTest, ServesTheTableThroughATenthOfIt) {
  constexpr std::uint64_t kTableBytes = kRows * (kDim * sizeof(float) + 64);
  VectorRows rows(store.get(), std::make_shared<RowCache>(kTableBytes / 10));
  std::vector<std::uint32_t> versions(kRows, 1);
  for (std::uint32_t row = 0; row < kRows; ++row) put(rows, row, 1);
  Random random(3);
  for (int step = 0; step < 5'000; ++step) {
    // A few rows are hot, as in life.
    const auto row = static_cast<std::uint32_t>(random.below(2) == 0 ? random.below(20) : random.below(kRows));
    if (step % 10 == 0) put(rows, row, ++versions[row]);
    const auto found = rows.get("text", EntityKind::kItem, item(row));
    ASSERT_TRUE(found.is_ok()) << found.status().to_string();
    ASSERT_EQ((*found)->vector, values(row, versions[row])) << "step " << step;
    ASSERT_LE(rows.memory_bytes(), kTableBytes / 10);
  }
  EXPECT_GT(rows.memory_bytes(), kTableBytes / 20) << "the cache holds what it may";
}

TEST_F(VectorRowsTest, ReadsManyOfWhichSomeAreInMemory) {
  VectorRows rows(store.get(), std::make_shared<RowCache>(1 << 20));
  for (std::uint32_t row = 0; row < 100; ++row) put(rows, row, 1);
  for (std::uint32_t row = 0; row < 100; row += 3) ASSERT_TRUE(rows.get("text", EntityKind::kItem, item(row)).is_ok());
  const CacheFigures before = rows.figures();
  std::vector<DenseId> asked = {1'000'000};
  for (std::uint32_t row = 0; row < 100; row += 2) asked.push_back(item(row));
  std::map<std::size_t, std::vector<float>> read;
  const auto visit = [&](std::size_t i, const VersionedVector& row) { read[i] = row.vector; };
  rows.get_many("text", EntityKind::kItem, asked, visit);
  ASSERT_EQ(read.size(), 50u) << "all but the unknown one";
  for (const auto& [i, vector] : read) EXPECT_EQ(vector, values(static_cast<std::uint32_t>(2 * (i - 1)), 1));
  EXPECT_EQ(rows.figures().hits - before.hits, 17u);
  EXPECT_EQ(rows.figures().misses - before.misses, 34u);
  put(rows, 8, 2);
  rows.get_many("text", EntityKind::kItem, asked, visit);
  EXPECT_EQ(read[5], values(8, 2)) << "changed since";
  EXPECT_EQ(rows.figures().misses - before.misses, 36u) << "the changed one and the unknown one";
  rows.get_many("no such space", EntityKind::kItem, asked, [](std::size_t, const VersionedVector&) { ADD_FAILURE(); });
}

TEST_F(VectorRowsTest, ForgetsWhatWasDeleted) {
  VectorRows rows(store.get(), std::make_shared<RowCache>(1 << 20));
  put(rows, 7, 1);
  const DenseId seven = item(7);
  ASSERT_TRUE(rows.get("text", EntityKind::kItem, seven).is_ok());
  commit({DeleteVector{"text", EntityKind::kItem, name(7)}});
  rows.on_changed("text", EntityKind::kItem, seven);
  EXPECT_EQ(rows.get("text", EntityKind::kItem, seven).status().code(), StatusCode::kNotFound);
}

// A reader beside a writer may see the row before or after a change, never an older one once the change was told.
TEST_F(VectorRowsTest, ReadersBesideAWriterNeverGoBack) {
  VectorRows rows(store.get(), std::make_shared<RowCache>(1 << 20));
  put(rows, 0, 1);
  const DenseId id = item(0);
  std::atomic<std::uint32_t> told = 1;
  std::atomic<bool> done = false;
  std::thread reader([&] {
    while (!done) {
      const std::uint32_t at_least = told;
      const auto found = rows.get("text", EntityKind::kItem, id);
      if (!found.is_ok() || (*found)->vector[1] < static_cast<float>(at_least)) {
        ADD_FAILURE() << "an older row than version " << at_least;
        return;
      }
    }
  });
  for (std::uint32_t version = 2; version < 500; ++version) {
    put(rows, 0, version);
    told = version;
  }
  done = true;
  reader.join();
}

}  // namespace
}  // namespace tamis::engine
