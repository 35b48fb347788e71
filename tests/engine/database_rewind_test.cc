// A disk that takes back writes which nobody had asked to sync: memory must forget them, too.
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <thread>

#include "engine/database_impl.h"
#include "tests/crash/power_cut_file_system.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;

class DatabaseRewindTest : public DatabaseTest {
 protected:
  DatabaseRewindTest() : disk(std::make_shared<storage::PowerCutFileSystem>()) {
    options.storage.interval_ms = 60'000;
    spdlog::set_level(spdlog::level::off);
  }
  ~DatabaseRewindTest() override {
    database.reset();
    spdlog::set_level(spdlog::level::info);
  }
  void open_on_disk() {
    std::filesystem::create_directories(directory / "data/index");
    std::filesystem::create_directories(directory / "data/generations");
    storage::StoreOptions made;
    made.block_cache_bytes = 8ull << 20;
    made.memtable_bytes = 8ull << 20;
    made.min_free_disk_bytes = 0;
    made.clock = &clock;
    made.file_system = disk;
    auto store = storage::Store::open(directory / "data/store", made);
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    auto opened = DatabaseImpl::adopt(directory / "data", options, std::move(store).value());
    ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
    database = std::move(opened).value();
    ASSERT_TRUE(database->wait_ready(std::chrono::seconds(60)).is_ok());
  }
  WriteAck write_synced(std::vector<Mutation> mutations) {
    for (int i = 0; i < 2'000; ++i) {
      const auto ack = database->write(mutations, {Durability::kSync});
      if (ack.is_ok()) return *ack;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << "writes never resumed";
    return {};
  }

  std::shared_ptr<storage::PowerCutFileSystem> disk;
};

TEST_F(DatabaseRewindTest, LostWritesAreForgotten) {
  open_on_disk();
  write_synced({put_space("style", 2), PutVector{"style", EntityKind::kItem, "kept", {1, 0}},
                PutInteraction{interaction("ada", "kept")}});
  const Sequence synced = database->sequence();
  write({PutVector{"style", EntityKind::kItem, "lost", {0, 1}}, PutInteraction{interaction("bob", "lost")}});
  ASSERT_THAT(nearest("style", {0, 1}), ElementsAre("lost", "kept"));

  disk->fail_log_syncs(1, true);
  EXPECT_FALSE(database->write({put_item("x")}, {Durability::kSync}).is_ok());
  const WriteAck resumed = write_synced({PutInteraction{interaction("eve", "new")}});
  ASSERT_TRUE(database->wait_ready(std::chrono::seconds(10)).is_ok());
  EXPECT_EQ(resumed.sequence, synced + 1);
  EXPECT_EQ(database->sequence(), synced + 1);
  EXPECT_THAT(listed(EntityKind::kItem), ElementsAre("kept", "new"));
  EXPECT_THAT(nearest("style", {0, 1}), ElementsAre("kept"));
  EXPECT_EQ(database->get_entity(EntityKind::kItem, "lost").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->stats().interactions_by_type.at("view"), 2u);
  view("ada", "new");
  EXPECT_EQ(database->list_interactions(EntityKind::kUser, "ada", "", 10)->rows.size(), 2u);
}

// Each rewind makes new tables; those before go with the last query that reads them.
TEST_F(DatabaseRewindTest, TheTablesBeforeARewindAreFreed) {
  open_on_disk();
  auto* impl = static_cast<DatabaseImpl*>(database.get());
  write_synced({PutInteraction{interaction("ada", "kept")}});
  std::shared_ptr<const ReadState> pinned = impl->pin();
  const std::weak_ptr<const void> before = pinned->tables;
  for (int i = 0; i < 3; ++i) {
    write({PutInteraction{interaction("bob", "lost")}});
    disk->fail_log_syncs(1, true);
    EXPECT_FALSE(database->write({put_item("x")}, {Durability::kSync}).is_ok());
    write_synced({PutInteraction{interaction("eve", "new")}});
  }
  ASSERT_FALSE(before.expired());
  EXPECT_EQ(pinned->items->live_count(), 2u) << "a query under way reads on";
  pinned.reset();
  for (int i = 0; i < 2'000 && !before.expired(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(before.expired());
}

TEST_F(DatabaseRewindTest, AFailedSyncThatLosesNothingKeepsServing) {
  open_on_disk();
  write_synced({PutInteraction{interaction("ada", "kept")}});
  disk->fail_log_syncs(1, false);
  EXPECT_FALSE(database->write({PutInteraction{interaction("ada", "perhaps")}}, {Durability::kSync}).is_ok());
  EXPECT_EQ(recommended("bob").empty(), false) << "reads go on";
  write_synced({PutInteraction{interaction("eve", "new")}});
  EXPECT_THAT(listed(EntityKind::kItem), ElementsAre("kept", "perhaps", "new"))
      << "its bytes were in the log after all";
}

}  // namespace
}  // namespace tamis::engine
