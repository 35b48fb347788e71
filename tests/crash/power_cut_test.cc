// Power cuts at random points under mixed concurrent writes. TAMIS_POWER_CUTS sets how many (default 200).
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <thread>

#include "storage/commit_queue.h"
#include "storage/ordered_logs.h"
#include "tests/crash/power_cut_file_system.h"
#include "tests/crash/write_oracle.h"
#include "tests/storage/mutation_source.h"

namespace tamis::storage {
namespace {

constexpr int kWriters = 4;
constexpr int kMaxWritesPerWriter = 150;
constexpr int kCutsPerDatabase = 5;

int cuts_wanted() {
  const char* text = std::getenv("TAMIS_POWER_CUTS");
  return text == nullptr ? 200 : std::atoi(text);
}

class PowerCutTest : public testing::Test {
 protected:
  PowerCutTest() { spdlog::set_level(spdlog::level::off); }  // failing writes are the point
  ~PowerCutTest() override { spdlog::set_level(spdlog::level::info); }

  StoreOptions options(const std::shared_ptr<PowerCutFileSystem>& disk) {
    StoreOptions options;
    options.file_system = disk;
    options.clock = &clock_;
    options.block_cache_bytes = 4 << 20;
    options.memtable_bytes = 256 << 10;  // flushes and log switches happen within one run
    return options;
  }

  // Mixed writes from several threads until the power goes off.
  void write_until_cut(const std::shared_ptr<PowerCutFileSystem>& disk, Durability durability, std::uint64_t seed,
                       std::uint64_t operations, WriteOracle* oracle) {
    auto store = Store::open("/data", options(disk));
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    {
      CommitQueue queue(store->get(), nullptr, {.interval_ms = 5});
      if ((*store)->last_sequence() == 0) oracle->note(source_spaces(), queue.commit(source_spaces(), durability));
      disk->cut_after(operations);
      std::vector<std::thread> writers;
      for (int w = 0; w < kWriters; ++w) {
        writers.emplace_back([&, w] {
          MutationSource source(seed * 100 + static_cast<std::uint64_t>(w),
                                std::to_string(seed) + "/" + std::to_string(w), /*with_merges=*/false);
          for (int i = 0; i < kMaxWritesPerWriter; ++i) {
            std::vector<Mutation> write = source.next_write(6);
            const Result<WriteAck> ack = queue.commit(write, durability);
            oracle->note(std::move(write), ack);
            if (disk->is_off()) break;
          }
        });
      }
      for (std::thread& writer : writers) writer.join();
      disk->cut();  // where the writers were done first
    }
  }

  ManualClock clock_{1'700'000'000'000};
};

TEST_F(PowerCutTest, SyncLosesNothingAcknowledged) {
  Random random(7);
  std::size_t acknowledged = 0;
  const int cuts = cuts_wanted();
  for (int cut = 0; cut < cuts;) {
    auto disk = std::make_shared<PowerCutFileSystem>();
    WriteOracle oracle;
    for (int i = 0; i < kCutsPerDatabase && cut < cuts; ++i, ++cut) {
      SCOPED_TRACE("cut " + std::to_string(cut));
      // Most cuts fall among the writes; one in ten within the first operations after opening.
      const std::uint64_t operations = random.below(10) == 0 ? random.below(20) : random.below(1'200);
      write_until_cut(disk, Durability::kSync, static_cast<std::uint64_t>(cut), operations, &oracle);
      if (HasFatalFailure()) return;
      disk = disk->restart(&random);
      const auto store = Store::open("/data", options(disk));
      ASSERT_TRUE(store.is_ok()) << store.status().to_string();
      const WriteOracle::Verdict verdict = oracle.check(**store);
      ASSERT_EQ(verdict.violation, "");
      ASSERT_EQ(verdict.lost, 0u) << "of " << verdict.acknowledged << " acknowledged";
      acknowledged += verdict.acknowledged;
    }
  }
  std::printf("%d power cuts, %zu acknowledged writes checked, none lost\n", cuts, acknowledged);
}

// A cut during recovery, too: the store is opened again and again while the power keeps failing.
TEST_F(PowerCutTest, RecoveryItselfMayBeCut) {
  Random random(8);
  for (int round = 0; round < std::max(1, cuts_wanted() / 10); ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    auto disk = std::make_shared<PowerCutFileSystem>();
    WriteOracle oracle;
    write_until_cut(disk, Durability::kSync, 5'000 + static_cast<std::uint64_t>(round), 200 + random.below(600),
                    &oracle);
    if (HasFatalFailure()) return;
    for (int i = 0; i < 4; ++i) {
      disk = disk->restart(&random);
      disk->cut_after(random.below(60));
      (void)Store::open("/data", options(disk)).is_ok();
      disk->cut();
    }
    disk = disk->restart(&random);
    const auto store = Store::open("/data", options(disk));
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    const WriteOracle::Verdict verdict = oracle.check(**store);
    ASSERT_EQ(verdict.violation, "");
    ASSERT_EQ(verdict.lost, 0u) << "of " << verdict.acknowledged;
  }
}

// The weaker modes lose writes: that they do here shows that the harness can see loss. What is left is a prefix, also
// where the write-ahead log was switched shortly before the cut.
TEST_F(PowerCutTest, NoneLosesATail) {
  Random random(9);
  std::size_t lost = 0;
  std::size_t acknowledged = 0;
  for (int cut = 0; cut < std::max(10, cuts_wanted() / 5); ++cut) {
    SCOPED_TRACE("cut " + std::to_string(cut));
    auto disk = std::make_shared<PowerCutFileSystem>();
    WriteOracle oracle;
    write_until_cut(disk, cut % 2 == 0 ? Durability::kNone : Durability::kInterval,
                    9'000 + static_cast<std::uint64_t>(cut), 20 + random.below(1'000), &oracle);
    if (HasFatalFailure()) return;
    disk = disk->restart(&random);
    const auto store = Store::open("/data", options(disk));
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    const WriteOracle::Verdict verdict = oracle.check(**store);
    ASSERT_EQ(verdict.violation, "");
    lost += verdict.lost;
    acknowledged += verdict.acknowledged;
  }
  EXPECT_GT(lost, 0u) << "of " << acknowledged;
  std::printf("modes none and interval: %zu of %zu acknowledged writes lost\n", lost, acknowledged);
}

TEST_F(PowerCutTest, LogsAreSyncedOnceAndFailedOnesForGood) {
  const auto disk = std::make_shared<PowerCutFileSystem>();
  OrderedLogs logs(disk);
  ASSERT_TRUE(logs.CreateDirIfMissing("/data", {}, nullptr).ok());
  std::unique_ptr<rocksdb::FSWritableFile> log;
  ASSERT_TRUE(logs.NewWritableFile("/data/1.log", {}, &log, nullptr).ok());
  ASSERT_TRUE(log->Append("bytes", {}, nullptr).ok());
  ASSERT_TRUE(log->Sync({}, nullptr).ok());
  disk->fail_log_syncs(1, /*drop_unsynced=*/true);
  EXPECT_TRUE(log->Sync({}, nullptr).ok()) << "nothing was left to sync";
  ASSERT_TRUE(log->Append("more", {}, nullptr).ok());
  EXPECT_FALSE(log->Sync({}, nullptr).ok());
  EXPECT_FALSE(log->Sync({}, nullptr).ok()) << "the bytes were dropped: a later sync knows nothing of them";
}

// Store::sync() makes earlier unsynced commits durable.
TEST_F(PowerCutTest, SyncCoversEarlierCommits) {
  Random random(10);
  for (int round = 0; round < 10; ++round) {
    auto disk = std::make_shared<PowerCutFileSystem>();
    Sequence synced = 0;
    {
      auto store = Store::open("/data", options(disk));
      ASSERT_TRUE(store.is_ok()) << store.status().to_string();
      MutationSource source(static_cast<std::uint64_t>(round), "k");
      for (int i = 0; i < 100; ++i) (void)(*store)->commit(source.next_write(3), Durability::kNone).is_ok();
      ASSERT_TRUE((*store)->sync().is_ok());
      synced = (*store)->last_sequence();
      for (int i = 0; i < 50; ++i) (void)(*store)->commit(source.next_write(3), Durability::kNone).is_ok();
      disk->cut();
    }
    disk = disk->restart(&random);
    const auto store = Store::open("/data", options(disk));
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    EXPECT_GE((*store)->last_sequence(), synced);
  }
}

// The power goes when the next write would begin new memtables for several tables at once: the store still closes.
TEST_F(PowerCutTest, ClosesWithSeveralFullTables) {
  for (int users = 40; users <= 120; users += 20) {  // 1 KiB each in the log and in the table of users
    SCOPED_TRACE(users);
    auto disk = std::make_shared<PowerCutFileSystem>();
    {
      auto store = Store::open("/data", options(disk));
      ASSERT_TRUE(store.is_ok()) << store.status().to_string();
      std::vector<Mutation> write;
      for (int user = 0; user < users; ++user) {
        PutEntity put;
        put.kind = EntityKind::kUser;
        put.entity.id = "user-" + std::to_string(user);
        put.entity.features["note"] = std::string(1'000, 'n');
        write.emplace_back(std::move(put));
      }
      ASSERT_TRUE((*store)->commit(write, Durability::kSync).is_ok());
      disk->cut();
      EXPECT_FALSE((*store)->commit(std::vector<Mutation>{write.front()}, Durability::kSync).is_ok());
    }
    Random random(12);
    disk = disk->restart(&random);
    const auto store = Store::open("/data", options(disk));
    ASSERT_TRUE(store.is_ok()) << store.status().to_string();
    EXPECT_EQ((*store)->counts().users, static_cast<std::uint64_t>(users));
  }
}

}  // namespace
}  // namespace tamis::storage
