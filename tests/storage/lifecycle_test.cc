// What was deleted stays deleted until it is put or patched, whatever else is written of it.
#include <functional>
#include <memory>

#include "storage/rocks_clock.h"
#include "storage/store.h"
#include "tests/storage/mutation_source.h"
#include "tests/storage/store_fixture.h"
#include "tests/storage/store_model.h"

namespace tamis::storage {
namespace {

PutEntity put(EntityKind kind, std::string id) { return {.kind = kind, .entity = {.id = std::move(id)}}; }

PutVector vector_of(EntityKind kind, std::string id) {
  return {.space = "text", .kind = kind, .id = std::move(id), .vector = {1, 0, 0, 0}};
}

class LifecycleTest : public StoreTest {
 protected:
  bool is_live(EntityKind kind, std::string_view id) const {
    const auto dense = store_->ids(kind).find(id);
    return dense && store_->get_entity(kind, *dense).is_ok();
  }
  void must_agree() { EXPECT_EQ(replay_log(*store_)->difference(*store_), ""); }
};

TEST_F(LifecycleTest, NothingButPutAndPatchBringsADeletedItemBack) {
  must_open();
  must_commit(source_spaces());
  must_commit({put(EntityKind::kItem, "lamp"), interaction("ada", "lamp", 10)});
  must_commit({DeleteEntity{EntityKind::kItem, "lamp"}});
  const std::vector<std::vector<Mutation>> late = {
      {interaction("ada", "lamp", 1)},                                            // of years ago
      {interaction("ada", "lamp", clock_.now_ms() + 1'000)},                      // ahead of the clock
      {interaction("new", "lamp", 5, "key")},                                     // by somebody new
      {vector_of(EntityKind::kItem, "lamp")},                                     //
      {MergeUser{.user = "bob", .session = "ada", .moved = {}, .complete = {}}},  // who had met it
      {interaction("ada", "lamp", 7), vector_of(EntityKind::kItem, "lamp")},
  };
  for (const auto& write : late) {
    must_commit(write);
    EXPECT_FALSE(is_live(EntityKind::kItem, "lamp"));
    EXPECT_EQ(store_->counts().items, 0u);
    EXPECT_EQ(store_->counts().vectors.at("text"), 0u);
    must_agree();
    must_open();
    EXPECT_FALSE(is_live(EntityKind::kItem, "lamp")) << "after a restart";
  }
  EXPECT_EQ(store_->counts().interactions, 5u) << "what came late is history";
  must_commit({PatchEntity{.kind = EntityKind::kItem, .id = "lamp", .features = {{"price", 3.0}}}});
  EXPECT_TRUE(is_live(EntityKind::kItem, "lamp"));
  must_commit({DeleteEntity{EntityKind::kItem, "lamp"}, put(EntityKind::kItem, "lamp")});
  EXPECT_TRUE(is_live(EntityKind::kItem, "lamp"));
  must_agree();
}

TEST_F(LifecycleTest, NothingButPutAndPatchBringsADeletedUserBack) {
  must_open();
  must_commit(source_spaces());
  must_commit({interaction("ada", "lamp", 10), interaction("s-1", "lamp", 10)});
  must_commit({DeleteEntity{EntityKind::kUser, "ada"}});
  must_commit({interaction("ada", "lamp", 11)});
  must_commit({vector_of(EntityKind::kUser, "ada")});
  must_commit({MergeUser{.user = "ada", .session = "s-1", .moved = {}, .complete = {}}});
  EXPECT_FALSE(is_live(EntityKind::kUser, "ada"));
  EXPECT_EQ(store_->counts().users, 0u);
  must_agree();
  must_open();
  EXPECT_FALSE(is_live(EntityKind::kUser, "ada"));
  must_commit({put(EntityKind::kUser, "ada")});
  EXPECT_EQ(store_->user_interactions(*store_->ids(EntityKind::kUser).find("ada"), 10)->size(), 2u);
  must_agree();
}

TEST_F(LifecycleTest, APatchOfAnExpiredEntityGivesItLife) {
  must_open();
  PutEntity offer = put(EntityKind::kItem, "offer");
  offer.entity.expires_ms = clock_.now_ms() + 1'000;
  offer.entity.features = {{"price", 3.0}};
  must_commit({offer});
  clock_.advance(2'000);
  must_commit({interaction("ada", "offer", 1)});
  EXPECT_LT(store_->get_entity(EntityKind::kItem, 0)->expires_ms, clock_.now_ms()) << "an event changes nothing";
  must_commit({PatchEntity{.kind = EntityKind::kItem, .id = "offer"}});
  EXPECT_EQ(store_->get_entity(EntityKind::kItem, 0)->expires_ms, 0);
  EXPECT_EQ(store_->get_entity(EntityKind::kItem, 0)->features.size(), 1u);
}

TEST_F(LifecycleTest, AMergeMovesAnyNumberOfInteractionsInSteps) {
  must_open();
  constexpr std::size_t kEvents = MergeUser::kMaxMoved + 5;
  std::vector<Mutation> events;
  for (std::size_t i = 0; i < kEvents; ++i) {
    events.push_back(interaction("s-1", "i-" + std::to_string(i % 50), static_cast<TimestampMs>(i)));
  }
  must_commit(events);
  const MergeUser step{.user = "ada", .session = "s-1", .moved = {}, .complete = false};
  const auto first = commit({step});
  ASSERT_TRUE(first.is_ok()) << first.status().to_string();
  EXPECT_EQ(first->front().affected.size(), MergeUser::kMaxMoved);
  EXPECT_TRUE(is_live(EntityKind::kUser, "s-1"));
  must_commit({step});
  EXPECT_FALSE(is_live(EntityKind::kUser, "s-1"));
  EXPECT_EQ(commit({step}).status().code(), StatusCode::kNotFound);
  const auto rows = store_->user_interactions(*store_->ids(EntityKind::kUser).find("ada"), kEvents + 1);
  EXPECT_EQ(rows->size(), kEvents);
  EXPECT_EQ(rows->front().timestamp_ms, static_cast<TimestampMs>(kEvents - 1)) << "times are kept";
  EXPECT_EQ(store_->counts().interactions, kEvents);
  must_agree();
}

TEST_F(LifecycleTest, AClockBefore1970IsRefused) {
  clock_.set(-1);
  const Status opened = open();
  EXPECT_EQ(opened.code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(opened.message(), testing::HasSubstr("1969-12-31T23:59:59.999Z"));
  clock_.set(0);
  must_open();
}

// A clock that is set back while the store is open.
TEST(RocksClockTest, NeverSaysATimeBefore1970) {
  class Before1970 final : public rocksdb::SystemClockWrapper {
   public:
    Before1970() : SystemClockWrapper(rocksdb::SystemClock::Default()) {}
    const char* Name() const override { return "Before1970"; }
    rocksdb::Status GetCurrentTime(std::int64_t* unix_time) override { return *unix_time = -5, rocksdb::Status::OK(); }
  };
  std::int64_t now_s = 1;
  ASSERT_TRUE(RocksClock(std::make_shared<Before1970>()).GetCurrentTime(&now_s).ok());
  EXPECT_EQ(now_s, 0);
}

TEST_F(LifecycleTest, TakingAnInteractionBackFreesItsKey) {
  must_open();
  const auto written = commit({interaction("ada", "lamp", 5, "key")});
  const Sequence sequence = written->front().sequence;
  const DeleteInteractions taken{{{"ada", 5, sequence}}};
  const auto deleted = commit({taken});
  ASSERT_TRUE(deleted.is_ok());
  ASSERT_EQ(deleted->front().affected.size(), 1u);
  EXPECT_EQ(deleted->front().affected[0].idempotency_key, "key");
  EXPECT_EQ(store_->counts().interactions, 0u);
  EXPECT_FALSE(commit({interaction("ada", "lamp", 5, "key")})->front().duplicate);
  EXPECT_TRUE(commit({taken})->front().affected.empty()) << "another row has another sequence";
  // Within one group, too.
  const auto group =
      commit({interaction("ada", "cup", 6, "k2"), DeleteInteractions{{{"ada", 6, store_->last_sequence() + 1}}},
              interaction("ada", "cup", 6, "k2")});
  EXPECT_FALSE(group->back().duplicate);
  EXPECT_EQ(store_->counts().interactions, 2u);
  must_agree();
}

}  // namespace
}  // namespace tamis::storage
