// A disk that takes back writes which nobody had asked to sync: memory must forget them, too.
#include <gmock/gmock.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <thread>

#include "engine/database/database_impl.h"
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

// The committing thread rebuilds memory while a promotion waits for it: neither may wait for the other.
TEST_F(DatabaseRewindTest, APromotionAndARewindDoNotWaitForEachOther) {
  options.training.models = {"item_knn", "ials"};
  options.training.settings["ials"] = {{"dim", "8"}, {"iterations", "2"}};
  options.training.holdout = 0;
  open_on_disk();
  std::vector<Mutation> mutations;
  for (int i = 0; i < 4'000; ++i)
    mutations.push_back(
        PutInteraction{interaction("u" + std::to_string(i % 800), "i" + std::to_string((i * 7 + i / 800) % 97))});
  write_synced(std::move(mutations));
  for (int run = 0; run < 2; ++run) {
    auto job = database->train({});
    ASSERT_TRUE(job.is_ok());
    while (job->state == JobState::kQueued || job->state == JobState::kRunning)
      job = database->wait_job(job->id, *job, std::chrono::seconds(30));
    ASSERT_EQ(job->state, JobState::kSucceeded) << job->detail;
  }
  std::atomic<bool> stop = false;
  std::atomic<int> turns = 0;
  std::thread promoting([&] {
    for (int turn = 0; !stop.load(); ++turn) {
      (void)database->promote(turn % 2 == 0 ? "g1" : "g2");  // refused while the database is rebuilt
      turns.fetch_add(1);
    }
  });
  std::promise<void> rewound;
  std::thread rewinding([&] {
    for (int n = 0; n < 10; ++n) {
      view("lost-" + std::to_string(n), "i1");
      disk->fail_log_syncs(1, true);
      (void)database->write({put_item("x")}, {Durability::kSync});
      write_synced({PutInteraction{interaction("kept-" + std::to_string(n), "i2")}});
      (void)database->wait_ready(std::chrono::seconds(30));
    }
    rewound.set_value();
  });
  if (rewound.get_future().wait_for(std::chrono::seconds(120)) != std::future_status::ready) {
    std::fputs("a promotion and a rewind wait for each other\n", stderr);
    std::_Exit(1);  // neither thread can be joined
  }
  rewinding.join();
  stop.store(true);
  promoting.join();
  EXPECT_GT(turns.load(), 0);
  // What serves is what is registered.
  ASSERT_TRUE(database->promote("g2").is_ok());
  EXPECT_EQ(database->stats().generation, "g2");
  for (const GenerationInfo& info : database->list_generations())
    EXPECT_EQ(info.state, info.id == "g2" ? "serving" : "ready") << info.id;
}

}  // namespace
}  // namespace tamis::engine
