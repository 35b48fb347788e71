// The log's oldest records go; everything else stays, and says where the log begins.
#include <atomic>
#include <set>

#include "storage/store.h"
#include "tests/storage/store_fixture.h"

namespace tamis::storage {
namespace {

using testing::HasSubstr;

class LogRetentionTest : public StoreTest {
 protected:
  void write_hours(int hours) {
    for (int hour = 0; hour < hours; ++hour) {
      for (int i = 0; i < 10; ++i) must_commit({interaction("ada", "lamp", clock_.now_ms())});
      clock_.advance(3'600'000);
    }
  }
  std::size_t records_from(Sequence from) {
    std::size_t records = 0;
    const Status read = store_->read_log(from, [&](const CommittedRecord&) { return ++records, true; });
    EXPECT_TRUE(read.is_ok()) << read.to_string();
    return records;
  }
};

TEST_F(LogRetentionTest, RecordsGoByAge) {
  must_open();
  write_hours(10);
  EXPECT_EQ(*store_->trim_log({.committed_from_ms = clock_.now_ms() - 3 * 3'600'000, .keep_from = 1'000}), 71u);
  for (const char* when : {"at once", "opened again"}) {
    EXPECT_EQ(store_->first_log_sequence(), 71u) << when;
    EXPECT_EQ(records_from(71), 30u) << when;
    const Status too_early = store_->read_log(70, [](const CommittedRecord&) { return true; });
    EXPECT_EQ(too_early.code(), StatusCode::kFailedPrecondition) << when;
    EXPECT_THAT(too_early.message(), HasSubstr("begins with sequence 71")) << when;
    EXPECT_EQ(store_->counts().interactions, 100u) << when;
    EXPECT_EQ(store_->user_interactions(0, 1'000)->size(), 100u) << when;
    must_open();
  }
  must_commit({interaction("ada", "lamp")});
  EXPECT_EQ(store_->last_sequence(), 101u) << "sequences go on";
}

TEST_F(LogRetentionTest, WhatIsStillNeededAndTheLastRecordStay) {
  must_open();
  write_hours(3);
  clock_.advance(1'000'000'000);
  EXPECT_EQ(*store_->trim_log({.committed_from_ms = clock_.now_ms(), .keep_from = 12}), 12u);
  EXPECT_EQ(*store_->trim_log({.committed_from_ms = clock_.now_ms(), .keep_from = 9'999}), 30u);
  EXPECT_EQ(*store_->trim_log({.committed_from_ms = clock_.now_ms(), .keep_from = 9'999}), 30u);
  must_open();
  EXPECT_EQ(store_->last_sequence(), 30u);
}

TEST_F(LogRetentionTest, RecordsGoBySize) {
  must_open();
  for (int i = 0; i < 300; ++i) {
    PutEntity put{.kind = EntityKind::kItem, .entity = {.id = "lamp"}};
    std::string noise;
    while (noise.size() < 10'000) noise += std::to_string(i * 7'919 + noise.size() * 104'729);
    put.entity.features["note"] = Text{noise};
    must_commit({put});
  }
  must_open();
  const Sequence first = *store_->trim_log({.max_bytes = 500'000, .keep_from = 1'000});
  EXPECT_GT(first, 50u);
  EXPECT_LT(first, 300u);
  EXPECT_EQ(records_from(first), 301 - first);
}

TEST_F(LogRetentionTest, SessionsThatTheLogNoLongerNamesAreForgotten) {
  must_open();
  must_commit({interaction("s-1", "lamp")});
  must_commit({MergeUser{.user = "ada", .session = "s-1"}});
  EXPECT_FALSE(store_->ids(EntityKind::kUser).find("s-1"));
  ASSERT_EQ(store_->departed_users().size(), 1u);
  write_hours(3);
  const TimestampMs now_ms = clock_.now_ms();
  ASSERT_TRUE(
      store_->trim_log({.committed_from_ms = now_ms - 2 * 3'600'000, .keep_from = 1'000, .names_from = 2}).is_ok());
  EXPECT_EQ(store_->departed_users().size(), 1u) << "a served list may name it";
  ASSERT_TRUE(store_->trim_log({.committed_from_ms = now_ms - 3'600'000, .keep_from = 1'000, .names_from = 3}).is_ok());
  EXPECT_TRUE(store_->departed_users().empty());
  must_open();
  EXPECT_TRUE(store_->departed_users().empty());
  EXPECT_FALSE(store_->ids(EntityKind::kUser).find("s-1"));
  must_commit({interaction("s-1", "lamp")});
  EXPECT_EQ(store_->user_interactions(*store_->ids(EntityKind::kUser).find("s-1"), 10)->size(), 1u) << "somebody new";
}

TEST_F(LogRetentionTest, AUserIsErasedWithTheSessionsThatWereMergedAndNobodyElse) {
  must_open();
  const auto with_context = [&](const std::string& user) {
    Interaction made = std::get<PutInteraction>(interaction(user, "lamp")).interaction;
    made.context = {{"device", std::string("phone of " + user)}};
    return Mutation(PutInteraction{made});
  };
  for (const char* user : {"tab-1", "s-1", "s-2", "ada", "bob"}) must_commit({with_context(user)});
  must_commit({MergeUser{.user = "s-1", .session = "tab-1"}});
  must_open();
  must_commit({MergeUser{.user = "ada", .session = "s-1"}});
  must_commit({MergeUser{.user = "bob", .session = "s-2"}});
  must_commit({DeleteEntity{EntityKind::kUser, "ada", /*erase=*/true}});
  const auto names = [](const std::vector<DepartedUser>& departed) {
    std::set<std::string> found;
    for (const DepartedUser& user : departed) found.insert(user.name);
    return found;
  };
  const std::set<std::string> erased = {"ada", "s-1", "tab-1"};
  EXPECT_EQ(names(store_->erased_users()), erased);
  must_open();
  EXPECT_EQ(names(store_->erased_users()), erased);
  EXPECT_TRUE(store_->is_being_erased("s-1"));
  EXPECT_FALSE(store_->is_being_erased("s-2"));

  // Whoever is deleted while others are erased waits for the next turn.
  const std::vector<DepartedUser> first = store_->erased_users();
  must_commit({DeleteEntity{EntityKind::kUser, "bob", /*erase=*/true}});
  std::atomic<bool> stop{false};
  ASSERT_TRUE(store_->erase_departed(first, &stop).is_ok());
  EXPECT_EQ(names(store_->erased_users()), (std::set<std::string>{"bob", "s-2"}));
  must_open();
  ASSERT_TRUE(store_->erase_departed(store_->erased_users(), &stop).is_ok());
  EXPECT_TRUE(store_->departed_users().empty());
  const Status read = store_->read_log(1, [](const CommittedRecord& record) {
    if (const auto* put = std::get_if<PutInteraction>(&record.mutation)) {
      EXPECT_EQ(put->interaction.user.front(), '\x01');
      EXPECT_TRUE(put->interaction.context.empty());
    }
    return true;
  });
  EXPECT_TRUE(read.is_ok());
}

}  // namespace
}  // namespace tamis::storage
