#include "common/hashed_ids.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "common/string_arena.h"

namespace tamis {
namespace {

// Against a map, with hashes that collide in all of their bits, in the low ones, and in none.
TEST(HashedIdsTest, AgreesWithAMap) {
  for (const std::uint64_t spread : {std::uint64_t{0}, std::uint64_t{1} << 10, std::uint64_t{0x9E3779B97F4A7C15}}) {
    Random random(spread + 1);
    HashedIds ids;
    std::map<std::uint32_t, bool> known;
    const auto hash_of = [&](std::uint32_t id) { return id % 7 * spread + (id / 7) * (spread << 3); };
    for (int step = 0; step < 6'000; ++step) {
      const std::uint32_t id = random.below(spread == 0 ? 60 : 500);
      if (known[id]) {
        ids.erase(hash_of(id), id, hash_of);
      } else {
        ids.insert(hash_of(id), id, hash_of);
      }
      known[id] = !known[id];
      const std::uint32_t asked = random.below(spread == 0 ? 60 : 500);
      const auto found = ids.find(hash_of(asked), [&](std::uint32_t other) { return other == asked; });
      ASSERT_EQ(found.has_value(), known[asked]) << "step " << step;
    }
    for (const auto& [id, is_there] : known) {
      const auto found = ids.find(hash_of(id), [id = id](std::uint32_t other) { return other == id; });
      ASSERT_EQ(found.has_value(), is_there) << id;
    }
  }
}

TEST(StringArenaTest, TextsOfAnyLengthStayWhereTheyAre) {
  StringArena arena;
  std::vector<std::pair<std::string, const char*>> texts;
  Random random(3);
  for (int i = 0; i < 2'000; ++i) {
    const std::size_t size = i % 50 == 0 ? 100'000 + random.below(1'000'000) : random.below(i % 5 == 0 ? 20'000 : 40);
    std::string text(size, static_cast<char>('a' + i % 26));
    const char* place = arena.add(text);
    texts.emplace_back(std::move(text), place);
  }
  std::uint64_t bytes = 0;
  for (const auto& [text, place] : texts) {
    ASSERT_EQ(StringArena::view(place), text);
    bytes += text.size();
  }
  EXPECT_GE(arena.memory_bytes(), bytes);
  EXPECT_LE(arena.memory_bytes(), bytes + bytes / 4 + (1u << 21));
  StringArena::wipe(texts[1].second);
  EXPECT_EQ(StringArena::view(texts[1].second), std::string(texts[1].first.size(), '\0'));
  EXPECT_EQ(StringArena::view(texts[2].second), texts[2].first);
}

}  // namespace
}  // namespace tamis
