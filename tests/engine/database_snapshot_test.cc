#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <thread>

#include "common/cancellation.h"
#include "common/random.h"
#include "engine/snapshot/provisional_directory.h"
#include "engine/snapshot/snapshot_manifest.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::HasSubstr;

class DatabaseSnapshotTest : public DatabaseTest {
 protected:
  void fill() {
    write({put_space("style", 4)});
    Random random(11);
    for (int i = 0; i < 200; ++i) {
      const std::string item = "i" + std::to_string(random.below(30));
      write({PutInteraction{interaction("u" + std::to_string(random.below(15)), item)},
             PutVector{"style",
                       EntityKind::kItem,
                       item,
                       {static_cast<float>(random.normal()), static_cast<float>(random.normal()), 1, 0.5f}}});
    }
    write({put_item("late", {{"color", std::string("red")}}), DeleteEntity{EntityKind::kUser, "u2"}});
  }
  Status restore(const std::string& name, bool is_strict = false) {
    return Database::restore(directory / "snapshot", directory / name, options, is_strict, &warnings);
  }
  // What stands beside the snapshot or the restored directory and is neither.
  std::vector<std::string> leftovers() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(directory / "")) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with('.')) found.push_back(name);
    }
    return found;
  }
  std::vector<std::string> warnings;
  // Every regular file of the snapshot.
  std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory / "snapshot")) {
      if (entry.is_regular_file() && entry.file_size() > 0) found.push_back(entry.path());
    }
    return found;
  }
};

TEST_F(DatabaseSnapshotTest, ARestoredDatabaseAnswersTheSame) {
  open();
  fill();
  const Status made = database->snapshot(directory / "snapshot");
  ASSERT_TRUE(made.is_ok()) << made.to_string();
  const auto before = recommended("u3", 20);
  const auto near = nearest("style", {1, 0, 1, 0.5f}, 20);
  const Sequence sequence = database->sequence();
  write({DeleteEntity{EntityKind::kItem, before[0]}});  // after the cut
  close();

  const Status restored = restore("restored");
  ASSERT_TRUE(restored.is_ok()) << restored.to_string();
  auto opened = Database::open(directory / "restored", options);
  ASSERT_TRUE(opened.is_ok()) << opened.status().to_string();
  database = std::move(opened).value();
  EXPECT_EQ(database->sequence(), sequence);
  EXPECT_EQ(recommended("u3", 20), before);
  EXPECT_EQ(nearest("style", {1, 0, 1, 0.5f}, 20), near);
  view("u3", "another");  // and takes writes
}

TEST_F(DatabaseSnapshotTest, EveryDamagedFileIsFoundBeforeAnythingIsMade) {
  open();
  fill();
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  close();
  ASSERT_GE(files().size(), 5u);
  for (const auto& path : files()) {
    SCOPED_TRACE(path);
    const auto middle = static_cast<std::streamoff>(std::filesystem::file_size(path) / 2);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(middle);
    const auto byte = static_cast<char>(file.get());
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 0x04));
    file.flush();
    EXPECT_EQ(restore("restored").code(), StatusCode::kCorruption);
    EXPECT_FALSE(std::filesystem::exists(directory / "restored"));
    file.seekp(middle);
    file.put(byte);
  }
  EXPECT_TRUE(restore("restored").is_ok()) << "whole again";
}

TEST_F(DatabaseSnapshotTest, AMissingFileIsNamed) {
  open();
  fill();
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  close();
  const auto victim = directory / "snapshot/index/first_seen";
  ASSERT_TRUE(std::filesystem::remove(victim));
  const Status status = restore("restored");
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(status.message(), HasSubstr("index/first_seen"));
}

TEST_F(DatabaseSnapshotTest, TheSettingsThatAnswersDependOnAreKeptAndOthersAreWarnedOf) {
  options.trending_half_life_s = 30 * 86'400.0;
  options.max_history = 7;
  options.item_schema = {{"color", FeatureKind::kText}};
  open();
  fill();
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  close();
  ASSERT_TRUE(restore("same", true).is_ok());
  EXPECT_TRUE(warnings.empty());

  options.trending_half_life_s = 7 * 86'400.0;
  options.max_history = 500;
  options.item_schema.clear();
  const Status restored = restore("restored");
  ASSERT_TRUE(restored.is_ok()) << restored.to_string();
  ASSERT_EQ(warnings.size(), 3U) << "and the recorded answers agree";
  EXPECT_THAT(warnings, ::testing::Contains(HasSubstr("recommend.trending_half_life_s was 2592000.0")));
  EXPECT_THAT(warnings, ::testing::Contains(HasSubstr("items.features was {\"color\":\"text\"}")));
  const Status refused = restore("strictly", true);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition) << refused.to_string();
  EXPECT_FALSE(std::filesystem::exists(directory / "strictly"));
  EXPECT_TRUE(leftovers().empty());
}

// Turns the snapshot into one of a build that kept no settings, or into one whose answers are of another database.
void edit_manifest(const std::filesystem::path& path, const std::function<void(SnapshotManifest&)>& edit) {
  std::ifstream file(path);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto manifest = parse_snapshot_manifest(text);
  ASSERT_TRUE(manifest.is_ok());
  edit(*manifest);
  std::ofstream(path) << snapshot_manifest_to_json(*manifest);
}

TEST_F(DatabaseSnapshotTest, OtherAnswersThanRecordedAreAWarning) {
  open();
  fill();
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  close();
  edit_manifest(directory / "snapshot" / kManifestName, [](SnapshotManifest& manifest) {
    manifest.settings.clear();
    std::reverse(manifest.queries.front().answer.begin(), manifest.queries.front().answer.end());
  });
  ASSERT_TRUE(restore("restored").is_ok());
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_THAT(warnings.front(), HasSubstr("differ from those recorded"));
  EXPECT_EQ(restore("strictly", true).code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(directory / "strictly"));
}

TEST_F(DatabaseSnapshotTest, OfOneNameAtOnceOneIsMade) {
  open();
  fill();
  for (int round = 0; round < 5; ++round) {
    const auto place = directory / ("snapshot" + std::to_string(round));
    std::atomic<int> made{0};
    std::atomic<int> there{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const Status status = database->snapshot(place);
        made += status.is_ok() ? 1 : 0;
        there += status.code() == StatusCode::kAlreadyExists ? 1 : 0;
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(there, 3);
    EXPECT_TRUE(Database::restore(place, directory / ("restored" + std::to_string(round)), options).is_ok());
  }
  EXPECT_TRUE(leftovers().empty());
}

TEST_F(DatabaseSnapshotTest, NamesThatLookUnfinishedAreNamesLikeOthers) {
  open();
  fill();
  for (const char* name : {"x.partial", "x", "x.restoring", "x.tmp"})
    ASSERT_TRUE(database->snapshot(directory / name).is_ok()) << name;
  for (const char* name : {"x.partial", "x", "x.restoring", "x.tmp"})
    EXPECT_TRUE(Database::restore(directory / name, directory / (std::string(name) + ".data"), options).is_ok())
        << name;
}

TEST_F(DatabaseSnapshotTest, WhatACrashLeftIsRemovedAndWhatIsAtWorkIsNot) {
  open();
  fill();
  const auto left = directory / ".snapshot.0123.partial";
  std::filesystem::create_directories(left / "store");
  auto at_work = ProvisionalDirectory::create(directory / "other", "partial");
  ASSERT_TRUE(at_work.is_ok());
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  EXPECT_FALSE(std::filesystem::exists(left));
  EXPECT_TRUE(std::filesystem::exists(at_work->path()));
}

TEST_F(DatabaseSnapshotTest, ACancelledOneLeavesNothing) {
  open();
  fill();
  Cancellation cancellation;
  cancellation.cancel();
  const CancellationScope scope(&cancellation);
  EXPECT_EQ(database->snapshot(directory / "snapshot").code(), StatusCode::kUnavailable);
  EXPECT_FALSE(std::filesystem::exists(directory / "snapshot"));
  EXPECT_TRUE(leftovers().empty());
}

// Folders that come and go beside the generations, as training and its sweeping make them.
TEST_F(DatabaseSnapshotTest, GenerationsThatComeAndGoDoNotFailIt) {
  open();
  fill();
  std::atomic<bool> is_done{false};
  std::thread trainer([&] {
    const auto generations = directory / "data" / "generations";
    for (int i = 0; !is_done; ++i) {
      const auto temporary = generations / ("g" + std::to_string(i) + ".tmp");
      const auto whole = generations / ("g" + std::to_string(i));
      std::filesystem::create_directories(temporary);
      for (int file = 0; file < 20; ++file) std::ofstream(temporary / std::to_string(file)) << "x";
      std::filesystem::rename(temporary, whole);
      std::filesystem::remove_all(whole);
    }
  });
  for (int i = 0; i < 30; ++i) {
    const auto place = directory / ("snapshot" + std::to_string(i));
    const Status status = database->snapshot(place);
    ASSERT_TRUE(status.is_ok()) << status.to_string();
    EXPECT_TRUE(std::filesystem::is_empty(place / "generations")) << "none of them was registered";
  }
  is_done = true;
  trainer.join();
}

TEST_F(DatabaseSnapshotTest, NothingIsOverwritten) {
  open();
  view("ada", "lantern");
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  EXPECT_EQ(database->snapshot(directory / "snapshot").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(restore("data").code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(Database::restore(directory / "nowhere", directory / "restored", options).code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace tamis::engine
