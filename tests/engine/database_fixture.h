// A small database in a directory of its own, and short ways to write and ask.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/database.h"
#include "tests/engine/temporary_directory.h"

namespace tamis::engine {

inline Interaction interaction(std::string user, std::string item, std::string type = "view") {
  Interaction made;
  made.user = std::move(user);
  made.item = std::move(item);
  made.type = std::move(type);
  return made;
}

inline Mutation put_item(std::string id, Features features = {}, TimestampMs expires_ms = 0) {
  Entity entity;
  entity.id = std::move(id);
  entity.features = std::move(features);
  entity.expires_ms = expires_ms;
  return PutEntity{EntityKind::kItem, std::move(entity)};
}

inline Mutation put_space(std::string name, std::uint32_t dim) {
  Space space;
  space.name = std::move(name);
  space.dim = dim;
  return PutSpace{std::move(space)};
}

class DatabaseTest : public ::testing::Test {
 protected:
  DatabaseTest() {
    options.clock = &clock;
    options.storage.durability = Durability::kNone;  // what a crash keeps is storage's to test
    options.storage.block_cache_bytes = 8ull << 20;
    options.storage.memtable_bytes = 8ull << 20;
    options.storage.min_free_disk_bytes = 0;
    options.index.recall_interval_ms = 0;
    options.training.models = {"popular", "item_knn", "user_knn", "ials"};
  }

  void open() {
    auto opened = Database::open(directory / "data", options);
    ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
    database = std::move(opened).value();
    const Status ready = database->wait_ready(std::chrono::seconds(60));
    ASSERT_TRUE(ready.is_ok()) << ready.to_string();
  }
  void close() { database.reset(); }

  WriteAck write(std::vector<Mutation> mutations) {
    auto ack = database->write(std::move(mutations));
    EXPECT_TRUE(ack.is_ok()) << ack.status().to_string();
    return ack.is_ok() ? *ack : WriteAck{};
  }
  WriteAck view(const std::string& user, const std::string& item) {
    return write({PutInteraction{interaction(user, item)}});
  }
  Status refusal(std::vector<Mutation> mutations) { return database->write(std::move(mutations)).status(); }

  std::vector<std::string> recommended(const std::string& user, std::uint32_t k = 10) {
    RecommendRequest request;
    request.user = user;
    request.k = k;
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::vector<std::string> items;
    if (!answer.is_ok()) return items;
    for (const auto& item : answer->items) items.push_back(item.item);
    return items;
  }
  std::vector<std::string> nearest(const std::string& space, std::vector<float> query, std::uint32_t k = 10) {
    SearchRequest request;
    request.space = space;
    request.query = std::move(query);
    request.k = k;
    const auto answer = database->search(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::vector<std::string> items;
    if (!answer.is_ok()) return items;
    for (const auto& item : answer->items) items.push_back(item.id);
    return items;
  }
  std::vector<std::string> listed(EntityKind kind) {
    std::vector<std::string> ids;
    std::string cursor;
    do {
      const auto page = database->list_entities(kind, cursor, 2);
      EXPECT_TRUE(page.is_ok()) << page.status().to_string();
      if (!page.is_ok()) return ids;
      for (const auto& entity : page->rows) ids.push_back(entity.id);
      cursor = page->cursor;
    } while (!cursor.empty());
    return ids;
  }

  TemporaryDirectory directory;
  ManualClock clock{1'700'000'000'000};
  DatabaseOptions options;
  std::unique_ptr<Database> database;
};

}  // namespace tamis::engine
