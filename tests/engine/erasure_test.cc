// Users who are erased: nothing of the data directory says their ids any more; and the log that is kept for a time.
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "tests/engine/camps_fixture.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

class ErasureTest : public CampsTest {
 protected:
  ErasureTest() { options.storage.erase_within_s = 1; }

  // Files below the data directory that contain the text.
  std::vector<std::string> files_with(const std::string& text) {
    std::vector<std::string> found;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(directory / "data", error), end; !error && entry != end;
         entry.increment(error)) {
      if (!entry->is_regular_file(error)) continue;
      std::ifstream file(entry->path(), std::ios::binary);
      const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      if (bytes.find(text) != std::string::npos) found.push_back(entry->path().string());
    }
    return found;
  }
  bool is_erased(const std::string& text) {
    for (int i = 0; i < 300 && !files_with(text).empty(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return files_with(text).empty();
  }
  // Everything that can hold a user's id.
  void live_through(const std::string& user) {
    Entity entity;
    entity.id = user;
    entity.features = {{"mail", FeatureValue(user + "@example.org")}};
    write({PutEntity{EntityKind::kUser, entity}, PutVector{"look", EntityKind::kUser, user, {1, 0, 0, 0}}});
    for (int i = 0; i < 3; ++i) {
      Interaction made = interaction(user, "i" + std::to_string(i));
      made.idempotency_key = user + "-order-" + std::to_string(i);
      made.context = {{"device", FeatureValue("phone of " + user)}};
      write({PutInteraction{made}});
    }
    Interaction visit = interaction("session of " + user, "i1");
    visit.context = {{"device", FeatureValue("phone of " + user)}};
    visit.idempotency_key = "visit of " + user;
    write({PutInteraction{visit}});
    write({PutInteraction{interaction("tab of " + user, "i4")}});
    recommend_to("session of " + user);
  }
  // One session into another, and this one into the user.
  void merge_sessions(const std::string& user) {
    ASSERT_TRUE(database->merge_user("session of " + user, "tab of " + user).is_ok());
    ASSERT_TRUE(database->merge_user(user, "session of " + user).is_ok());
    recommend_to(user);
    ASSERT_TRUE(database->delete_interactions({.user = user, .item = "i2"}).is_ok());
  }
  void recommend_to(const std::string& user) {
    RecommendRequest request;
    request.user = user;
    request.context = {{"device", FeatureValue("phone of " + user)}};
    ASSERT_TRUE(database->recommend(request).is_ok());
  }
  std::vector<std::string> answer_of(const std::string& user, std::optional<Sequence> as_of = {},
                                     const std::string& generation = "") {
    RecommendRequest request;
    request.user = user;
    request.dry_run = true;
    request.as_of_sequence = as_of;
    request.generation = generation;
    request.as_of_ms = clock.now_ms();
    const auto answer = database->recommend(request);
    EXPECT_TRUE(answer.is_ok()) << answer.status().to_string();
    std::vector<std::string> items;
    if (!answer.is_ok()) return items;
    for (const auto& item : answer->items) items.push_back(item.item + " " + std::to_string(item.score));
    return items;
  }
};

TEST_F(ErasureTest, NoFileSaysTheIdOfAnErasedUserAnyMore) {
  open();
  write({put_space("look", 4)});
  write_camps();
  live_through("mallory-the-first");
  live_through("mallory-the-second");
  train();  // learns of the sessions
  merge_sessions("mallory-the-first");
  merge_sessions("mallory-the-second");
  ASSERT_EQ(database->stats().generation, "g1");
  ASSERT_TRUE(database->snapshot(directory / "before").is_ok());
  close();
  open();
  ASSERT_FALSE(files_with("mallory-the-first").empty());
  const Sequence before = database->sequence();
  const auto others = answer_of("u1", before, "g1");

  const auto deleted = database->delete_user("mallory-the-first", /*keep_log=*/false, {});
  ASSERT_TRUE(deleted.is_ok()) << deleted.status().to_string();
  EXPECT_EQ(deleted->ack.affected, 4u);
  EXPECT_TRUE(deleted->erased);
  EXPECT_GE(deleted->erased_by_ms, clock.now_ms());
  ASSERT_EQ(deleted->snapshots.size(), 1u);
  EXPECT_EQ(deleted->snapshots[0].path, (directory / "before").string());
  const auto log = database->read_log(1, 10'000);
  for (const LogEntry& entry : *log) {
    if (const auto* put = std::get_if<PutInteraction>(&entry.mutation)) {
      EXPECT_NE(put->interaction.user, "mallory-the-first") << "at once";
    }
  }
  EXPECT_TRUE(is_erased("mallory-the-first")) << ::testing::PrintToString(files_with("mallory-the-first"));
  EXPECT_FALSE(files_with("mallory-the-second").empty());
  EXPECT_EQ(answer_of("u1", before, "g1"), others) << "the answers of others are replayed as they were";
  close();
  EXPECT_TRUE(files_with("mallory-the-first").empty()) << "closed";
  open();
  EXPECT_TRUE(files_with("mallory-the-first").empty()) << "opened again";
  EXPECT_EQ(database->stats().generation, "g1") << "the generation is whole without the user";
  EXPECT_EQ(answer_of("u1", before, "g1"), others);
  EXPECT_EQ(database->read_log(1, 10'000)->size(), std::min<std::size_t>(database->sequence(), 10'000))
      << "no sequence is missing";

  // An id that was erased is unknown: it begins anew.
  view("mallory-the-first", "i7");
  EXPECT_EQ(database->list_interactions(EntityKind::kUser, "mallory-the-first", "", 10)->rows.size(), 1u);
  close();
  open();
  EXPECT_EQ(database->list_interactions(EntityKind::kUser, "mallory-the-first", "", 10)->rows.size(), 1u);
}

TEST_F(ErasureTest, AnErasureThatAStopCutShortGoesOnAfterTheNextStart) {
  options.storage.erase_within_s = 3'600;
  open();
  write({put_space("look", 4)});
  write_camps();
  live_through("mallory");
  merge_sessions("mallory");
  ASSERT_TRUE(database->delete_user("mallory", false, {}).is_ok());
  close();
  EXPECT_FALSE(files_with("mallory").empty());
  options.storage.erase_within_s = 1;
  open();
  EXPECT_TRUE(is_erased("mallory")) << ::testing::PrintToString(files_with("mallory"));
}

TEST_F(ErasureTest, WhatIsShownToSomebodyWhoWasDeletedIsNotLogged) {
  options.storage.erase_within_s = 2;
  open();
  write_camps();
  view("mallory", "i1");
  ASSERT_TRUE(database->delete_user("mallory", false, {}).is_ok());
  recommend_to("mallory");
  recommend_to("u1");
  (void)database->stats();
  EXPECT_EQ(database->stats().impressions.logged, 1u) << "of u1";
  EXPECT_EQ(database->write({PutInteraction{interaction("mallory", "i1")}}, {})->ignored, 1u);
  EXPECT_TRUE(is_erased("mallory")) << ::testing::PrintToString(files_with("mallory"));
}

TEST_F(ErasureTest, KeptLogsKeepTheUser) {
  open();
  write({put_item("i1")});
  view("mallory", "i1");
  const auto deleted = database->delete_user("mallory", /*keep_log=*/true, {});
  ASSERT_TRUE(deleted.is_ok());
  EXPECT_FALSE(deleted->erased);
  bool is_told = false;
  const auto log = database->read_log(1, 100);
  for (const LogEntry& entry : *log) {
    const auto* put = std::get_if<PutInteraction>(&entry.mutation);
    is_told |= put != nullptr && put->interaction.user == "mallory";
  }
  EXPECT_TRUE(is_told);
  EXPECT_EQ(database->delete_user("nobody", false, {}).status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(database->delete_user("mallory", false, {}).is_ok()) << "who was deleted may be erased later";
}

}  // namespace
}  // namespace tamis::engine
