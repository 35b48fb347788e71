#include "engine/live/entity_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "common/random.h"

namespace tamis::engine {
namespace {

class EntityTableTest : public ::testing::Test {
 protected:
  DenseId put(const Entity& entity, TimestampMs first_seen_ms = 7) {
    const DenseId id = ids.assign(entity.id);
    items.put(id, entity, first_seen_ms);
    return id;
  }

  storage::IdTable ids;
  index::AttributeIndex attributes{[this](std::string_view id) { return ids.find(id); }};
  EntityTable items{EntityKind::kItem, &ids, &attributes};
};

TEST_F(EntityTableTest, GivesBackWhatWasPut) {
  Random random(11);
  std::vector<Entity> entities;
  for (int i = 0; i < 300; ++i) {
    Entity entity{.id = "item " + std::to_string(i), .updated_ms = 1'700'000'000'000 + i};
    if (i % 2 == 0) entity.features["price"] = static_cast<double>(random.below(100'000)) / 100;
    if (i % 3 == 0) entity.features["category"] = "category " + std::to_string(i % 5);
    if (i % 5 == 0) entity.features["tags"] = std::vector<std::string>{"a", "b", "a"};
    if (i % 7 == 0) entity.expires_ms = 1'000 + i;
    if (i % 11 == 0) entity.version = kMaxVersion;
    entity.hidden = i % 13 == 0;
    entities.push_back(entity);
    put(entity);
  }
  for (int round = 0; round < 2; ++round) {  // put together, then kept
    for (DenseId id = 0; id < entities.size(); ++id) {
      const auto found = items.get(id, 0);
      ASSERT_NE(found, nullptr);
      EXPECT_EQ(*found, entities[id]) << found->id;
      EXPECT_EQ(items.is_shown(id, 0), !entities[id].hidden);
      EXPECT_EQ(items.is_live(id, 1'200), entities[id].expires_ms == 0 || entities[id].expires_ms > 1'200);
      EXPECT_EQ(items.get(id, 1'200) == nullptr, !items.is_live(id, 1'200));
    }
  }
  std::size_t visited = 0;
  items.scan(100, [&](DenseId id, const auto& entity) {
    EXPECT_EQ(*entity, entities[id]) << "expired ones are visited, too";
    ++visited;
    return true;
  });
  EXPECT_EQ(visited, 200u);
}

TEST_F(EntityTableTest, AWriteIsSeenAtOnceAndHasARevisionOfItsOwn) {
  EntityTable::Revision before = 0;
  const DenseId id = put({.id = "a", .features = {{"n", 1.0}}}, 5);
  ASSERT_EQ(items.get(id, 0, &before)->features.at("n"), FeatureValue(1.0));
  put({.id = "a", .features = {{"n", 2.0}}}, 6);
  EntityTable::Revision after = 0;
  EXPECT_EQ(items.get(id, 0, &after)->features.at("n"), FeatureValue(2.0));
  EXPECT_NE(after, before);
  EXPECT_EQ(items.first_seen_ms(id), 5) << "the first write counts";
  items.remove(id);
  EXPECT_EQ(items.get(id, 0, &after), nullptr);
  EXPECT_EQ(after, 0u);
  EXPECT_EQ(items.live_count(), 0u);
  EXPECT_TRUE(attributes.empty());
  put({.id = "a"}, 9);
  EXPECT_TRUE(items.get(id, 0)->features.empty());
  EXPECT_EQ(items.first_seen_ms(id), 9) << "it begins anew";
}

// What is read under a revision is at least as new as that revision, whatever is kept.
TEST_F(EntityTableTest, ReadersSeeWhatTheRevisionSays) {
  constexpr int kWrites = 30'000;
  const DenseId id = put({.id = "a", .features = {{"n", 1.0}}});
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        EntityTable::Revision revision = 0;
        const auto entity = items.get(id, 0, &revision);
        const double n = std::get<double>(entity->features.at("n"));
        ASSERT_GE(n, static_cast<double>(revision));
      }
    });
  }
  for (int n = 2; n <= kWrites; ++n) items.put(id, {.id = "a", .features = {{"n", static_cast<double>(n)}}}, 0);
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(items.get(id, 0)->features.at("n"), FeatureValue(static_cast<double>(kWrites)));
}

// The promise of docs/capacity.md, roughly: what the tables say of themselves.
TEST_F(EntityTableTest, ABareEntityTakesFewBytes) {
  constexpr std::size_t kEntities = 100'000;
  index::AttributeIndex none{[](std::string_view) { return std::nullopt; }};
  EntityTable users(EntityKind::kUser, &ids, &none);
  for (std::size_t i = 0; i < kEntities; ++i) {
    const std::string name = "u" + std::to_string(i);
    users.put(ids.assign(name), Entity{.id = name}, 0);
  }
  EXPECT_LT(static_cast<double>(users.memory_bytes() + none.memory_bytes() + ids.memory_bytes()) / kEntities, 45.0);
}

}  // namespace
}  // namespace tamis::engine
