// The log's oldest records go; everything else stays, and says where the log begins.
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
  write_hours(2);
  ASSERT_TRUE(store_->trim_log({.committed_from_ms = clock_.now_ms() - 3'600'000, .keep_from = 1'000}).is_ok());
  EXPECT_TRUE(store_->departed_users().empty());
  must_open();
  EXPECT_TRUE(store_->departed_users().empty());
  EXPECT_FALSE(store_->ids(EntityKind::kUser).find("s-1"));
  must_commit({interaction("s-1", "lamp")});
  EXPECT_EQ(store_->user_interactions(*store_->ids(EntityKind::kUser).find("s-1"), 10)->size(), 1u) << "somebody new";
}

}  // namespace
}  // namespace tamis::storage
