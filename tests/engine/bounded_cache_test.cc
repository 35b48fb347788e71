#include "engine/serving/bounded_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace tamis::engine {
namespace {

std::string read(BoundedCache<int, std::string>& cache, int key) {
  std::string value = "miss";
  cache.visit(key, [&](std::string& cached) {
    value = cached;
    return cached.size();
  });
  return value;
}

void load(BoundedCache<int, std::string>& cache, int key, std::string value) {
  const auto ticket = cache.begin_load(key);
  const std::size_t bytes = value.size();
  cache.insert(key, std::move(value), bytes, ticket);
}

TEST(BoundedCacheTest, KeepsWhatWasLoaded) {
  BoundedCache<int, std::string> cache(1 << 20);
  EXPECT_EQ(read(cache, 1), "miss");
  load(cache, 1, "one");
  EXPECT_EQ(read(cache, 1), "one");
  EXPECT_GT(cache.memory_bytes(), 0u);
  cache.clear();
  EXPECT_EQ(read(cache, 1), "miss");
  EXPECT_EQ(cache.memory_bytes(), 0u);
}

TEST(BoundedCacheTest, ALoadThatRacedWithAChangeIsNotKept) {
  BoundedCache<int, std::string> cache(1 << 20);
  auto ticket = cache.begin_load(1);
  cache.update(1, [](std::string&) { return std::uint64_t{1}; });
  cache.insert(1, "stale", 5, ticket);
  EXPECT_EQ(read(cache, 1), "miss");
  ticket = cache.begin_load(1);
  cache.erase(1);
  cache.insert(1, "stale", 5, ticket);
  EXPECT_EQ(read(cache, 1), "miss");
}

TEST(BoundedCacheTest, UpdatesChangeOrDropCachedValues) {
  BoundedCache<int, std::string> cache(1 << 20);
  load(cache, 1, "one");
  cache.update(1, [](std::string& value) {
    value += "!";
    return value.size();
  });
  EXPECT_EQ(read(cache, 1), "one!");
  cache.update(1, [](std::string&) { return std::uint64_t{0}; });
  EXPECT_EQ(read(cache, 1), "miss");
}

TEST(BoundedCacheTest, StaysWithinItsBytesAndKeepsTheUsed) {
  constexpr std::uint64_t kCapacity = 64 << 10;
  BoundedCache<int, std::string> cache(kCapacity);
  load(cache, 0, "used");
  for (int key = 1; key < 2'000; ++key) {
    load(cache, key, std::string(100, 'x'));
    ASSERT_EQ(read(cache, 0), "used");
    ASSERT_LE(cache.memory_bytes(), kCapacity);
  }
  EXPECT_EQ(read(cache, 1), "miss") << "the longest unused went";
  load(cache, 5'000, std::string(kCapacity, 'x'));
  EXPECT_EQ(read(cache, 5'000), "miss") << "larger than the cache";
}

}  // namespace
}  // namespace tamis::engine
