#include <gmock/gmock.h>

#include <fstream>

#include "common/random.h"
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
  Status restore(const std::string& name) {
    return Database::restore(directory / "snapshot", directory / name, options);
  }
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

TEST_F(DatabaseSnapshotTest, OtherAnswersThanRecordedAreRefusedAndCleanedUp) {
  open();
  view("ada", "seen-often");
  view("bob", "seen-often");
  Interaction bought = interaction("ada", "bought-once", "purchase");
  write({PutInteraction{bought}});
  ASSERT_TRUE(database->snapshot(directory / "snapshot").is_ok());
  close();
  options.interaction_weights = {{"view", 9}, {"purchase", 1}};  // another order of popularity
  const Status status = restore("restored");
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition) << status.to_string();
  for (const auto& entry : std::filesystem::directory_iterator(directory / "")) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::Not(::testing::StartsWith("restored")));
  }
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
