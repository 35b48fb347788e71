// Flipped bits, truncations and missing files of a database at rest. Opening or reading answers an error, or everything
// is there; after a crash (no clean shutdown) a tail may be cut off the newest log, never anything before it.
// TAMIS_DAMAGES sets how many trials of each kind (default 150).
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "storage/store.h"
#include "tests/crash/power_cut_file_system.h"
#include "tests/storage/mutation_source.h"
#include "tests/storage/store_model.h"

namespace tamis::storage {
namespace {

int trials_wanted() {
  const char* text = std::getenv("TAMIS_DAMAGES");
  return text == nullptr ? 150 : std::atoi(text);
}

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    spdlog::set_level(spdlog::level::off);
    auto disk = std::make_shared<PowerCutFileSystem>();
    {
      auto store = Store::open("/data", options(disk));
      EXPECT_TRUE(store.is_ok()) << store.status().to_string();
      MutationSource source(11, "d");
      (void)(*store)->commit(source_spaces(), Durability::kSync).is_ok();
      for (int i = 0; i < 900; ++i) (void)(*store)->commit(source.next_write(6), Durability::kSync).is_ok();
      // The tail that a crash may tear holds no deletion of a space: those are synced, and a log torn before one is
      // refused because the vectors are gone.
      for (int i = 0; i < 100; ++i) {
        PutInteraction put;
        put.interaction.user = "late";
        put.interaction.item = "item-" + std::to_string(i);
        put.interaction.timestamp_ms = 1'500'000'000'000 + i;
        (void)(*store)->commit(std::vector<Mutation>{put}, Durability::kSync).is_ok();
      }
      StoreModel model;
      EXPECT_TRUE((*store)
                      ->read_log(0,
                                 [&](const CommittedRecord& record) {
                                   model.apply(record);
                                   log_.push_back(record);
                                   return true;
                                 })
                      .is_ok());
      EXPECT_EQ(model.difference(**store), "");
      killed_ = disk->copy();
    }
    closed_ = disk->copy();
  }
  ~DamageTest() override { spdlog::set_level(spdlog::level::info); }

  StoreOptions options(const std::shared_ptr<PowerCutFileSystem>& disk) {
    StoreOptions options;
    options.file_system = disk;
    options.clock = &clock_;
    options.block_cache_bytes = 4 << 20;
    options.memtable_bytes = 512 << 10;  // tables on disk and a log that is not empty
    return options;
  }

  enum class Outcome { kWhole, kRefused, kPrefix };
  // Opens and reads everything. Fails the test where records are missing or changed without an error.
  Outcome examine(const std::shared_ptr<PowerCutFileSystem>& disk) {
    const auto store = Store::open("/data", options(disk));
    if (!store.is_ok()) {
      EXPECT_EQ(store.status().code(), StatusCode::kCorruption) << store.status().to_string();
      last_refusal_ = store.status().to_string();
      return Outcome::kRefused;
    }
    StoreModel model;
    std::size_t read = 0;
    const Status status = (*store)->read_log(0, [&](const CommittedRecord& record) {
      EXPECT_EQ(record.sequence, log_[read].sequence);
      EXPECT_EQ(record.mutation.index(), log_[read].mutation.index());
      ++read;
      model.apply(record);
      return true;
    });
    if (!status.is_ok()) return Outcome::kRefused;
    const std::string difference = model.difference(**store);
    // A damaged block is an error of the read that meets it.
    if (difference.find("corruption") != std::string::npos || difference.find("io_error") != std::string::npos) {
      return Outcome::kRefused;
    }
    EXPECT_EQ(difference, "");
    return read == log_.size() ? Outcome::kWhole : Outcome::kPrefix;
  }

  static std::vector<std::string> with_ending(const PowerCutFileSystem& disk, const std::string& part) {
    std::vector<std::string> found;
    for (const std::string& path : disk.files()) {
      if (path.find(part) != std::string::npos && disk.size(path) > 0) found.push_back(path);
    }
    return found;
  }

  // `trials` random damages to files whose name holds `part`; counts the outcomes.
  template <typename Damage>
  std::map<Outcome, int> try_damages(const PowerCutFileSystem& disk, const std::string& part, Damage damage) {
    Random random(13);
    std::map<Outcome, int> outcomes;
    const std::vector<std::string> paths = with_ending(disk, part);
    EXPECT_FALSE(paths.empty()) << part;
    for (int trial = 0; trial < trials_wanted() && !paths.empty() && !HasFailure(); ++trial) {
      const auto damaged = disk.copy();
      const std::string& path = paths[random.below(static_cast<std::uint32_t>(paths.size()))];
      SCOPED_TRACE("trial " + std::to_string(trial) + " on " + path);
      damage(damaged.get(), path, &random);
      ++outcomes[examine(damaged)];
    }
    std::printf("%-9s whole %d, refused %d, prefix %d\n", part.c_str(), outcomes[Outcome::kWhole],
                outcomes[Outcome::kRefused], outcomes[Outcome::kPrefix]);
    if (!last_refusal_.empty()) std::printf("          e.g. %s\n", last_refusal_.c_str());
    last_refusal_.clear();
    return outcomes;
  }

  static void flip(PowerCutFileSystem* disk, const std::string& path, Random* random) {
    disk->flip_bit(path, random->below(static_cast<std::uint32_t>(disk->size(path) * 8)));
  }
  static void cut_short(PowerCutFileSystem* disk, const std::string& path, Random* random) {
    disk->truncate(path, random->below(static_cast<std::uint32_t>(disk->size(path))));
  }
  // As a crash tears a log: its newest records only.
  static void tear(PowerCutFileSystem* disk, const std::string& path, Random* random) {
    const std::uint64_t size = disk->size(path);
    disk->truncate(path, size - 1 - random->below(static_cast<std::uint32_t>(std::min<std::uint64_t>(size, 2'000))));
  }
  static void lose(PowerCutFileSystem* disk, const std::string& path, Random* /*random*/) { disk->remove(path); }

  std::string last_refusal_;
  ManualClock clock_{1'700'000'000'000};
  std::shared_ptr<PowerCutFileSystem> killed_;  // as a killed process leaves it
  std::shared_ptr<PowerCutFileSystem> closed_;  // as a clean shutdown leaves it
  std::vector<CommittedRecord> log_;
};

TEST_F(DamageTest, UndamagedIsWhole) {
  EXPECT_EQ(examine(killed_->copy()), Outcome::kWhole);
  EXPECT_EQ(examine(closed_->copy()), Outcome::kWhole);
}

TEST_F(DamageTest, AfterACleanShutdownNothingGoesMissingSilently) {
  EXPECT_EQ(with_ending(*closed_, ".log"), std::vector<std::string>()) << "tables hold everything";
  for (const std::string part : {".sst", "MANIFEST"}) {
    EXPECT_EQ(try_damages(*closed_, part, flip)[Outcome::kPrefix], 0) << part << " flipped";
    EXPECT_EQ(try_damages(*closed_, part, cut_short)[Outcome::kPrefix], 0) << part << " cut short";
    EXPECT_EQ(try_damages(*closed_, part, lose)[Outcome::kPrefix], 0) << part << " lost";
  }
}

TEST_F(DamageTest, AfterACrashAFlippedLogIsRefusedAndATornOneKeepsItsPrefix) {
  auto flipped = try_damages(*killed_, ".log", flip);
  EXPECT_GT(flipped[Outcome::kRefused], 0);
  EXPECT_EQ(flipped[Outcome::kPrefix], 0);
  auto torn = try_damages(*killed_, with_ending(*killed_, ".log").back(), tear);
  EXPECT_GT(torn[Outcome::kPrefix], trials_wanted() / 2);
  (void)try_damages(*killed_, ".log", cut_short);  // a shorter prefix, or refused where a space's vectors are gone
  EXPECT_EQ(try_damages(*killed_, ".sst", flip)[Outcome::kPrefix], 0);
  EXPECT_EQ(try_damages(*killed_, ".sst", cut_short)[Outcome::kPrefix], 0);
}

TEST_F(DamageTest, AfterACrashALostLogIsNoticed) {
  auto outcomes = try_damages(*killed_, ".log", lose);
  EXPECT_EQ(outcomes[Outcome::kRefused], trials_wanted());
  const auto newest = killed_->copy();
  newest->remove(with_ending(*newest, ".log").back());
  EXPECT_EQ(examine(newest), Outcome::kRefused);
  EXPECT_NE(last_refusal_.find("the newest write-ahead log of /data, "), std::string::npos) << last_refusal_;
}

TEST_F(DamageTest, AMissingCurrentFileDoesNotBeginAnEmptyDatabase) {
  const auto disk = closed_->copy();
  disk->remove("/data/CURRENT");
  const auto store = Store::open("/data", options(disk));
  ASSERT_FALSE(store.is_ok());
  EXPECT_EQ(store.status().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace tamis::storage
