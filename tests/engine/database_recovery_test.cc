// What a database answers after it was closed and opened again.
#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <thread>

#include "common/random.h"
#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class RecoveryTest : public DatabaseTest {
 protected:
  // Users, items, deletions, vectors: something of everything that is rebuilt.
  void write_history() {
    write({put_space("style", 4)});
    Random random(7);
    for (int i = 0; i < 300; ++i) {
      clock.advance(60'000);
      const std::string user = "u" + std::to_string(random.below(20));
      const std::string item = "i" + std::to_string(random.below(40));
      Interaction made = interaction(user, item, i % 3 == 0 ? "purchase" : "view");
      made.timestamp_ms = clock.now_ms() - random.below(1'000'000'000);
      write({PutInteraction{made},
             PutVector{"style",
                       EntityKind::kItem,
                       item,
                       {static_cast<float>(random.normal()), static_cast<float>(random.normal()), 1, 0.5f}}});
    }
    write({put_item("i3", {{"color", std::string("red")}})});  // an old item, changed lately
    write({DeleteEntity{EntityKind::kItem, "i5"}, DeleteEntity{EntityKind::kUser, "u1"}});
    write({DeleteEntity{EntityKind::kItem, "i6"}, PutInteraction{interaction("u2", "i6")}});
    write({DeleteVector{"style", EntityKind::kItem, "i7"}});
    FunnelConfig fresh = FunnelConfig::default_funnel();
    fresh.name = "fresh";
    fresh.retrievers = {{.kind = "latest", .quota = 50, .weight = 1, .space = ""}};
    fresh.exclude_seen = false;
    ASSERT_TRUE(database->put_funnel(fresh).is_ok());
  }

  struct Answers {
    std::vector<std::vector<std::string>> lists;
    std::map<std::string, std::uint64_t> by_type;
    Sequence sequence = 0;
    bool operator==(const Answers&) const = default;
  };
  Answers answers() {
    Answers made;
    for (const char* user : {"u0", "u2", "u3", "stranger", "u1"}) made.lists.push_back(recommended(user, 30));
    for (const char* funnel : {"default", "fresh"}) {
      RecommendRequest request;
      request.funnel = funnel;
      request.k = 50;
      const auto answer = database->recommend(request);
      EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
      std::vector<std::string> items;
      for (const auto& item : answer->items) items.push_back(item.item);
      EXPECT_THAT(items, Not(IsEmpty()));
      made.lists.push_back(std::move(items));
    }
    made.lists.push_back(nearest("style", {1, 0, 1, 0.5f}, 20));
    made.lists.push_back(listed(EntityKind::kItem));
    made.lists.push_back(listed(EntityKind::kUser));
    made.by_type = database->stats().interactions_by_type;
    made.sequence = database->sequence();
    return made;
  }
};

TEST_F(RecoveryTest, AnswersTheSameAfterReopen) {
  open();
  write_history();
  const Answers before = answers();
  close();
  open();
  EXPECT_EQ(answers(), before);
}

TEST_F(RecoveryTest, AnswersTheSameWithoutIndexFiles) {
  open();
  write_history();
  const Answers before = answers();
  close();
  ASSERT_GT(std::filesystem::remove_all(directory / "data/index"), 4u) << "there were index files";
  open();
  EXPECT_EQ(answers(), before);
}

TEST_F(RecoveryTest, DamagedIndexFilesAreRebuilt) {
  open();
  write_history();
  const Answers before = answers();
  close();
  int damaged = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory / "data/index")) {
    if (!entry.is_regular_file() || entry.file_size() == 0) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(entry.file_size() / 2);
    file.seekg(middle);
    const auto byte = static_cast<char>(file.get() ^ 0x10);
    file.seekp(middle);
    file.put(byte);
    ++damaged;
  }
  ASSERT_GE(damaged, 3);
  open();
  EXPECT_EQ(answers(), before);
}

// Files of an earlier state are brought up to date from the log.
TEST_F(RecoveryTest, OldIndexFilesCatchUpFromTheLog) {
  open();
  write_history();
  close();
  std::filesystem::copy(directory / "data/index", directory / "old", std::filesystem::copy_options::recursive);
  open();
  write({PutVector{"style", EntityKind::kItem, "i1", {1, 0, 1, 0.5f}},
         PutVector{"style", EntityKind::kItem, "new", {1, 0.1f, 1, 0.5f}}, DeleteEntity{EntityKind::kItem, "i2"}});
  const Answers before = answers();
  close();
  std::filesystem::remove_all(directory / "data/index");
  std::filesystem::copy(directory / "old", directory / "data/index", std::filesystem::copy_options::recursive);
  open();
  EXPECT_EQ(answers(), before);
}

// Segments that were joined after the last write stay so: the files are written again.
TEST_F(RecoveryTest, MergesOutliveAStop) {
  open();
  write({put_space("many", 4)});
  Random random(5);
  for (int batch = 0; batch < 2; ++batch) {
    std::vector<Mutation> mutations;
    for (int i = 0; i < 9'000; ++i) {
      std::vector<float> vector(4);
      for (float& value : vector) value = static_cast<float>(random.normal());
      mutations.push_back(PutVector{"many", EntityKind::kItem, "m" + std::to_string(9'000 * batch + i), vector});
    }
    write(std::move(mutations));
  }
  close();
  open();
  const auto segments = [&] {
    for (const SpaceStats& space : database->stats().spaces)
      if (space.space.name == "many") return space.segments;
    return std::uint64_t{0};
  };
  for (int i = 0; i < 6'000 && segments() > 3; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  ASSERT_EQ(segments(), 3U) << "one of rows, and what items and users grow in";
  close();
  open();
  EXPECT_EQ(segments(), 3U);
}

TEST_F(RecoveryTest, ASpaceMadeAnewDoesNotInheritVectors) {
  open();
  write({put_space("style", 2), PutVector{"style", EntityKind::kItem, "a", {1, 0}}});
  close();
  std::filesystem::copy(directory / "data/index", directory / "old", std::filesystem::copy_options::recursive);
  open();
  write({DeleteSpace{"style"}});
  EXPECT_EQ(database->get_space("style").status().code(), StatusCode::kNotFound);
  write({put_space("style", 2), PutVector{"style", EntityKind::kItem, "b", {0, 1}}});
  EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("b"));
  close();
  std::filesystem::remove_all(directory / "data/index");
  std::filesystem::copy(directory / "old", directory / "data/index", std::filesystem::copy_options::recursive);
  open();
  EXPECT_THAT(nearest("style", {1, 0}), ElementsAre("b"));
}

TEST_F(RecoveryTest, FunnelsCountTheirVersionsAndSurvive) {
  open();
  FunnelConfig home = FunnelConfig::default_funnel();
  home.name = "home";
  ASSERT_TRUE(database->put_funnel(home).is_ok());
  ASSERT_TRUE(database->put_funnel(home).is_ok());
  EXPECT_EQ(database->get_funnel("home")->version, 2u);
  close();
  open();
  EXPECT_EQ(database->get_funnel("home")->version, 2u);
  EXPECT_EQ(database->list_funnels().size(), 2u);
  ASSERT_TRUE(database->delete_funnel("home").is_ok());
  EXPECT_EQ(database->delete_funnel("home").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->delete_funnel("default").status().code(), StatusCode::kFailedPrecondition);
}

TEST_F(RecoveryTest, AnEmptyDatabaseAnswersSensibly) {
  open();
  EXPECT_THAT(recommended("anybody"), IsEmpty());
  EXPECT_THAT(listed(EntityKind::kItem), IsEmpty());
  EXPECT_EQ(database->get_entity(EntityKind::kUser, "ada").status().code(), StatusCode::kNotFound);
  SearchRequest request;
  request.space = "nowhere";
  request.query = std::vector<float>{1};
  EXPECT_EQ(database->search(request).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(database->stats().sequence, 0u);
  EXPECT_TRUE(database->list_generations().empty());
}

TEST_F(RecoveryTest, TwoProcessesCannotShareADirectory) {
  open();
  EXPECT_FALSE(Database::open(directory / "data", options).is_ok());
}

// Else the first start after an import and one answer reads the whole log.
TEST_F(RecoveryTest, WhatCameBeforeTheFirstListIsNotReadForOutcomes) {
  open();
  for (int i = 0; i < 50; ++i) write({PutInteraction{interaction("u" + std::to_string(i), "lamp")}});
  const Sequence before = database->sequence();
  EXPECT_FALSE(recommended("eve").empty());
  close();
  storage::StoreOptions settings;
  settings.min_free_disk_bytes = 0;
  settings.read_only = true;
  const auto store = storage::Store::open(directory / "data" / "store", settings);
  ASSERT_TRUE(store.is_ok()) << store.status().to_string();
  const auto mark = (*store)->attributed_through();
  ASSERT_TRUE(mark.is_ok()) << mark.status().to_string();
  EXPECT_EQ(*mark, before);
}

}  // namespace
}  // namespace tamis::engine
