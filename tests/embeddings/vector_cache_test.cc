// The cache of vectors: what survives a restart, a neighbour, damage and its bound.
#include "embeddings/vector_cache.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "tests/models/temporary_directory.h"

namespace tamis::embeddings {
namespace {

namespace fs = std::filesystem;

VectorCache::Key key(int i) { return VectorCache::key_of("m", 0, std::to_string(i)); }
std::vector<float> vector(int i) { return {static_cast<float>(i), 1, -2.5}; }

class Cache : public testing::Test {
 protected:
  std::unique_ptr<VectorCache> open(std::uint64_t max_bytes = 1 << 20) {
    return VectorCache::open(directory.path(), max_bytes).value();
  }
  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory.path())) found.push_back(entry.path());
    return found;
  }
  models::TemporaryDirectory directory;
};

TEST_F(Cache, KeysTellModelDimensionsAndTextApart) {
  const std::set<VectorCache::Key> keys = {VectorCache::key_of("m", 0, "t"), VectorCache::key_of("m", 1, "t"),
                                           VectorCache::key_of("m", 0, "u"), VectorCache::key_of("n", 0, "t"),
                                           VectorCache::key_of("mt", 0, "")};
  EXPECT_EQ(keys.size(), 5u);
}

TEST_F(Cache, KnowsAfterAReopenWhatWasPut) {
  {
    auto cache = open();
    for (int i = 0; i < 100; ++i) cache->put(key(i), vector(i));
    EXPECT_EQ(cache->find(key(7)), vector(7));
    EXPECT_TRUE(cache->find(key(100)).empty());
  }
  auto cache = open();
  EXPECT_EQ(cache->size(), 100u);
  EXPECT_EQ(cache->find(key(99)), vector(99));
  cache->put(key(100), vector(100));
  EXPECT_EQ(files().size(), 1u) << "the last segment is written on";
}

TEST_F(Cache, IsSharedWithoutHarm) {
  auto one = open();
  auto other = open();
  for (int i = 0; i < 50; ++i) (i % 2 == 0 ? one : other)->put(key(i), vector(i));
  one.reset();
  other.reset();
  auto cache = open();
  EXPECT_EQ(cache->size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(cache->find(key(i)), vector(i));
}

TEST_F(Cache, EndsASegmentAtATornOrDamagedRecord) {
  {
    auto cache = open();
    for (int i = 0; i < 10; ++i) cache->put(key(i), vector(i));
  }
  const fs::path file = files().at(0);
  fs::resize_file(file, fs::file_size(file) - 3);
  {
    auto cache = open();
    EXPECT_EQ(cache->size(), 9u);
    cache->put(key(20), vector(20));  // where the torn one was
  }
  EXPECT_EQ(open()->find(key(20)), vector(20));
  std::fstream(file, std::ios::in | std::ios::out | std::ios::binary).seekp(16 + 44 * 3 + 30).put('\x5a');
  EXPECT_EQ(open()->size(), 3u);
}

TEST_F(Cache, NeverGivesWhatTheDiskChangedUnderIt) {
  auto cache = open();
  cache->put(key(1), vector(1));
  std::fstream(files().at(0), std::ios::in | std::ios::out | std::ios::binary).seekp(16 + 26).put('\x5a');
  EXPECT_TRUE(cache->find(key(1)).empty());
}

TEST_F(Cache, DropsTheOldestPastItsBound) {
  constexpr std::uint64_t kBound = 1 << 20;
  auto cache = open(kBound);
  const std::vector<float> wide(1'000, 0.5F);
  for (int i = 0; i < 600; ++i) cache->put(key(i), wide);  // 2.4 MB
  std::uint64_t total = 0;
  for (const fs::path& file : files()) total += fs::file_size(file);
  EXPECT_LE(total, kBound);
  EXPECT_GT(total, kBound / 2);
  EXPECT_TRUE(cache->find(key(0)).empty());
  EXPECT_EQ(cache->find(key(599)), wide);
}

}  // namespace
}  // namespace tamis::embeddings
