// Counts that go on from a file are those of a scan of every interaction, to the bit, whatever happened since.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "common/checksum.h"
#include "common/durable_files.h"
#include "common/random.h"
#include "engine/recovery/counter_file.h"
#include "engine/recovery/recovery.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

constexpr TimestampMs kHourMs = 3'600'000;

// What counts of one item: a sum as its lowest bit that is set and the times it was doubled, since the path to it may
// show in how it is held.
struct Counted {
  std::int64_t popularity = 0;
  std::uint64_t interactions = 0;
  std::string trend;
  bool operator==(const Counted&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Counted& counted) {
  return out << counted.popularity << " from " << counted.interactions << ", trend " << counted.trend;
}

Counted counted(const ItemStatistics::Saved::Row& row) {
  __extension__ using Wide = __int128;
  Wide units = Wide{row.trend_high} << 64 | Wide{row.trend_low};
  std::int64_t exponent = row.trend_exponent;
  while (units != 0 && units % 2 == 0) {
    units /= 2;
    ++exponent;
  }
  return {row.popularity, row.interactions,
          units == 0 ? "none"
                     : std::to_string(static_cast<std::int64_t>(units >> 64)) + ":" +
                           std::to_string(static_cast<std::uint64_t>(units)) + "*2^" + std::to_string(exponent)};
}

struct Recovered {
  Sequence from = 0;
  std::string meaning;
  std::vector<Counted> items;
  std::vector<std::pair<TimestampMs, std::uint64_t>> newest;
  std::vector<std::uint64_t> by_type;
};

class CountersTest : public DatabaseTest {
 protected:
  std::filesystem::path file_of(const std::filesystem::path& data) const { return data / "index" / kCounterFile; }

  // The data directory as a process leaves it that dies now.
  std::filesystem::path copy() {
    const auto to = directory / ("copy" + std::to_string(++copies_));
    std::filesystem::copy(directory / "data", to, std::filesystem::copy_options::recursive);
    return to;
  }

  Recovered recover(const std::filesystem::path& data) {
    Recovered made;
    storage::StoreOptions settings;
    settings.min_free_disk_bytes = 0;
    settings.block_cache_bytes = 8ull << 20;
    settings.memtable_bytes = 8ull << 20;
    settings.clock = &clock;
    const auto store = storage::Store::open(data / "store", settings);
    EXPECT_TRUE(store.is_ok()) << store.status().to_string();
    if (!store.is_ok()) return made;
    LiveState live(&options, store->get());
    const std::atomic<bool> stop{false};
    Recovery recovery(&live, store->get(), &options, data / "index", &stop);
    const Status run = recovery.run();
    EXPECT_TRUE(run.is_ok()) << run.to_string();
    auto state = live.save_counters();
    EXPECT_TRUE(state.has_value());
    if (!state) return made;
    live.settle_counters(&*state);
    made.from = recovery.counted_from();
    made.meaning = state->meaning;
    for (const auto& row : state->statistics.rows) made.items.push_back(counted(row));
    while (!made.items.empty() && made.items.back() == Counted{0, 0, "none"}) made.items.pop_back();
    made.newest = state->statistics.newest;
    made.by_type = state->counts_by_type;
    while (!made.by_type.empty() && made.by_type.back() == 0) made.by_type.pop_back();
    return made;
  }

  // Recovers a copy with and without the file. True where the file was used.
  bool expect_same(const std::string& what) {
    const auto data = copy();
    const Recovered with = recover(data);
    std::filesystem::remove(file_of(data));
    const Recovered without = recover(data);
    EXPECT_EQ(without.from, 0u);
    EXPECT_EQ(with.meaning, without.meaning) << what;
    EXPECT_EQ(with.items, without.items) << what;
    EXPECT_EQ(with.newest, without.newest) << what;
    EXPECT_EQ(with.by_type, without.by_type) << what;
    std::filesystem::remove_all(data);
    return with.from > 0;
  }

  // Until nothing is swept or recounted any more.
  void settle() {
    Sequence before = 0;
    do {
      before = database->sequence();
      std::this_thread::sleep_for(std::chrono::milliseconds(250));
    } while (database->sequence() != before || database->is_recounting());
  }

  void some_views() {
    std::vector<Mutation> views;
    for (int i = 0; i < 50; ++i) {
      Interaction made = interaction("u" + std::to_string(i % 7), "i" + std::to_string(i % 11));
      made.timestamp_ms = clock.now_ms() - i * kHourMs;
      views.push_back(PutInteraction{made});
    }
    write(std::move(views));
  }

  void step(Random* random) {
    const auto user = [&] { return "u" + std::to_string(random->below(12)); };
    const auto item = [&] { return "i" + std::to_string(random->below(15)); };
    const auto try_write = [&](Mutation mutation) { (void)database->write({std::move(mutation)}); };
    switch (random->below(24)) {
      case 0: return try_write(DeleteEntity{EntityKind::kItem, item()});
      case 1: return try_write(DeleteEntity{EntityKind::kUser, user(), /*erase=*/random->below(2) == 0});
      case 2: {
        InteractionSelection selection;
        selection.user = user();
        if (random->below(2) == 0) selection.item = item();
        ASSERT_TRUE(database->delete_interactions(selection).is_ok());
        return;
      }
      case 3: (void)database->merge_user(user(), user()); return;
      case 4: {
        Entity entity;
        entity.id = random->below(2) == 0 ? user() : item();
        if (random->below(2) == 0)
          entity.expires_ms = clock.now_ms() + static_cast<TimestampMs>(random->below(kHourMs));
        return try_write(PutEntity{entity.id[0] == 'u' ? EntityKind::kUser : EntityKind::kItem, entity});
      }
      case 5: clock.advance(random->below(12 * kHourMs)); return;
      case 6:
        if (random->below(12) == 0) {
          InteractionType odd;
          odd.name = "odd";
          odd.weight = static_cast<double>(random->below(9)) - 4;
          (void)database->put_interaction_type(odd);
        }
        return;
      default: break;
    }
    static const std::vector<std::string> kTypes = {"view",   "view",    "view", "purchase", "rating", "like",
                                                    "unlike", "dislike", "hide", "odd",      "return"};
    Interaction made = interaction(user(), item(), kTypes[random->below(static_cast<std::uint32_t>(kTypes.size()))]);
    if (made.type == "rating") made.value = 1 + static_cast<double>(random->below(5));
    const auto day = [&](std::uint32_t days) { return static_cast<TimestampMs>(random->below(days * 24)) * kHourMs; };
    made.timestamp_ms = random->below(5) == 0 ? clock.now_ms() + day(2) : clock.now_ms() - day(150);
    try_write(PutInteraction{made});
  }

  int copies_ = 0;
};

TEST_F(CountersTest, AreThoseOfAScanAfterRandomWrites) {
  int used = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Random random(seed);
    open();
    for (int part = 0; part < 3; ++part) {
      for (int i = 0; i < 60; ++i) step(&random);
      settle();
      used += expect_same("killed") ? 1 : 0;
      if (part == 1) clock.advance(kHourMs * 50);  // all that was dated ahead is past
      close();
      used += expect_same("closed") ? 1 : 0;
      open();
    }
    close();
    std::filesystem::remove_all(directory / "data");
  }
  EXPECT_GT(used, 9) << "of 18; else the test shows little";
}

TEST_F(CountersTest, TheNewestInteractionsMayGo) {
  open();
  some_views();
  close();
  open();
  write({DeleteEntity{EntityKind::kUser, "u0"}});
  EXPECT_TRUE(expect_same("killed"));
  close();
  EXPECT_TRUE(expect_same("closed"));
}

TEST_F(CountersTest, ADamagedFileIsNotUsed) {
  open();
  some_views();
  close();
  const auto path = file_of(directory / "data");
  const std::string whole = read_whole_file(path, 1u << 20).value();
  ASSERT_TRUE(load_counter_file(path).is_ok());
  for (std::size_t at = 0; at < whole.size(); at += at < 300 ? 3 : 997) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
    ASSERT_TRUE(replace_file(path, bytes).is_ok());
    ASSERT_EQ(load_counter_file(path).status().code(), StatusCode::kCorruption) << "byte " << at;
  }
  for (std::size_t size = 0; size < whole.size(); size += size < 300 ? 13 : 1'997) {
    ASSERT_TRUE(replace_file(path, whole.substr(0, size)).is_ok());
    ASSERT_EQ(load_counter_file(path).status().code(), StatusCode::kCorruption) << size << " bytes";
  }
  EXPECT_FALSE(expect_same("cut off"));
  ASSERT_TRUE(replace_file(path, whole).is_ok());
  EXPECT_TRUE(expect_same("whole"));
}

TEST_F(CountersTest, AnOtherFormatIsNotUsed) {
  open();
  some_views();
  close();
  const auto path = file_of(directory / "data");
  std::string bytes = read_whole_file(path, 1u << 20).value();
  std::uint64_t parts = 0;
  std::memcpy(&parts, bytes.data() + 32, sizeof(parts));
  const std::size_t head = (5 + 2 * parts) * 8;
  bytes[8] = 0;  // the format before
  const std::uint64_t check = checksum64(bytes.data(), head);
  std::memcpy(bytes.data() + head, &check, sizeof(check));
  ASSERT_TRUE(replace_file(path, bytes).is_ok());
  EXPECT_FALSE(expect_same("format 0"));
}

TEST_F(CountersTest, AFileOfAnotherHistoryIsNotUsed) {
  open();
  some_views();
  close();
  std::filesystem::rename(file_of(directory / "data"), directory / "other");
  std::filesystem::remove_all(directory / "data");
  clock.advance(1);
  open();
  some_views();
  view("somebody", "else");
  close();
  std::filesystem::rename(directory / "other", file_of(directory / "data"));
  EXPECT_FALSE(expect_same("another history"));
}

TEST_F(CountersTest, OtherSettingsCountAnew) {
  open();
  some_views();
  close();
  EXPECT_TRUE(expect_same("as before"));
  options.trending_half_life_s = 3'600;
  EXPECT_FALSE(expect_same("another half-life"));
  options.trending_half_life_s = DatabaseOptions().trending_half_life_s;
  options.daily_repeats += 1;
  EXPECT_FALSE(expect_same("other repeats"));
}

TEST_F(CountersTest, ASnapshotHasNone) {
  open();
  some_views();
  close();
  open();
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  EXPECT_FALSE(std::filesystem::exists(directory / "snapshot/index" / kCounterFile));
}

// What records took is kept until a file of counters has it, and no longer.
TEST_F(CountersTest, WhatWasTakenIsForgottenOnceItIsCounted) {
  const auto taken = [&] {
    storage::StoreOptions settings;
    settings.min_free_disk_bytes = 0;
    settings.clock = &clock;
    const auto data = copy();
    const auto store = storage::Store::open(data / "store", settings);
    std::vector<std::size_t> rows;
    const Status read = (*store)->scan_taken(0, [&](storage::TakenInteractions&& one) {
      rows.push_back(one.rows.size());
      return true;
    });
    EXPECT_TRUE(read.is_ok()) << read.to_string();
    return rows;
  };
  open();
  some_views();
  write({DeleteEntity{EntityKind::kUser, "u0"}});
  EXPECT_EQ(taken(), std::vector<std::size_t>{8});
  close();
  EXPECT_TRUE(taken().empty());
}

}  // namespace
}  // namespace tamis::engine
