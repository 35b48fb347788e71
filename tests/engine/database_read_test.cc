#include <gmock/gmock.h>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST_F(DatabaseTest, ListsArePagedByCursor) {
  open();
  for (const char* id : {"a", "b", "c", "d", "e"}) write({put_item(id)});
  write({DeleteEntity{EntityKind::kItem, "c"}});
  const auto first = database->list_entities(EntityKind::kItem, "", 2);
  ASSERT_TRUE(first.is_ok());
  EXPECT_EQ(first->rows.size(), 2u);
  ASSERT_FALSE(first->cursor.empty());
  const auto second = database->list_entities(EntityKind::kItem, first->cursor, 2);
  ASSERT_TRUE(second.is_ok());
  EXPECT_EQ(second->rows.size(), 2u);
  EXPECT_TRUE(second->cursor.empty());
  EXPECT_THAT(listed(EntityKind::kItem), UnorderedElementsAre("a", "b", "d", "e"));
}

TEST_F(DatabaseTest, InteractionsArePagedNewestFirst) {
  open();
  for (const char* item : {"a", "b", "c"}) {
    view("ada", item);
    clock.advance(1'000);
  }
  std::vector<std::string> items;
  std::string cursor;
  do {
    const auto page = database->list_interactions(EntityKind::kUser, "ada", cursor, 1);
    ASSERT_TRUE(page.is_ok()) << page.status().to_string();
    ASSERT_EQ(page->rows.size(), 1u);
    items.push_back(page->rows[0].interaction.item);
    cursor = page->cursor;
  } while (!cursor.empty());
  EXPECT_THAT(items, ElementsAre("c", "b", "a"));
  const auto of_item = database->list_interactions(EntityKind::kItem, "b", "", 10);
  ASSERT_TRUE(of_item.is_ok());
  ASSERT_EQ(of_item->rows.size(), 1u);
  EXPECT_EQ(of_item->rows[0].interaction.user, "ada");
}

TEST_F(DatabaseTest, ACursorOfAnotherListIsRefused) {
  open();
  for (const char* item : {"a", "b", "c"}) view("ada", item);
  view("bob", "a");
  const std::string items = database->list_entities(EntityKind::kItem, "", 1)->cursor;
  const std::string history = database->list_interactions(EntityKind::kUser, "ada", "", 1)->cursor;
  std::string forged = items;
  forged[3] = forged[3] == '0' ? '1' : '0';
  for (const std::string& cursor : {history, forged, std::string("x"), items + "0", std::string(40, 'f')}) {
    const Status status = database->list_entities(EntityKind::kItem, cursor, 1).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << cursor;
    EXPECT_EQ(status.field(), "cursor");
  }
  EXPECT_FALSE(database->list_entities(EntityKind::kUser, items, 1).is_ok()) << "users are another list";
  EXPECT_FALSE(database->list_interactions(EntityKind::kUser, "bob", history, 1).is_ok());
  EXPECT_TRUE(database->list_interactions(EntityKind::kUser, "ada", history, 1).is_ok());
}

TEST_F(DatabaseTest, LimitsAreChecked) {
  open();
  view("ada", "a");
  for (const std::uint32_t limit : {0u, 1'001u}) {
    EXPECT_EQ(database->list_entities(EntityKind::kItem, "", limit).status().field(), "limit");
    EXPECT_EQ(database->list_interactions(EntityKind::kUser, "ada", "", limit).status().field(), "limit");
  }
  EXPECT_EQ(database->read_log(1, 10'001).status().field(), "limit");
}

TEST_F(DatabaseTest, TheLogTellsWhatWasWritten) {
  open();
  view("ada", "a");
  write({put_item("a", {{"price", 2.0}})});
  write({PatchEntity{EntityKind::kItem, "a", {{"price", 3.0}}, {}, {}}});
  const auto log = database->read_log(2, 10);
  ASSERT_TRUE(log.is_ok());
  ASSERT_EQ(log->size(), 2u);
  EXPECT_EQ((*log)[0].sequence, 2u);
  EXPECT_EQ((*log)[0].committed_ms, clock.now_ms());
  const auto* put = std::get_if<PutEntity>(&(*log)[1].mutation);
  ASSERT_NE(put, nullptr) << "a patch is recorded as the put that it amounts to";
  EXPECT_EQ(put->entity.features, (Features{{"price", 3.0}}));
}

TEST_F(DatabaseTest, StatisticsCountWhatIsThere) {
  open();
  write({put_space("style", 2), PutVector{"style", EntityKind::kItem, "a", {1, 0}}});
  view("ada", "a");
  write({PutInteraction{interaction("ada", "b", "purchase")}});
  const Stats stats = database->stats();
  EXPECT_EQ(stats.sequence, database->sequence());
  EXPECT_EQ(stats.users, 1u);
  EXPECT_EQ(stats.items, 2u);
  EXPECT_EQ(stats.interactions, 2u);
  EXPECT_EQ(stats.interactions_by_type, (std::map<std::string, std::uint64_t>{{"purchase", 1}, {"view", 1}}));
  ASSERT_EQ(stats.spaces.size(), 1u);
  EXPECT_EQ(stats.spaces[0].item_vectors, 1u);
  EXPECT_GT(stats.memory_bytes, 0u);
  EXPECT_TRUE(stats.writable);
}

TEST(DatabaseOptionsTest, EveryRangeIsCheckedByName) {
  struct Case {
    const char* field;
    std::function<void(DatabaseOptions&)> spoil;
  };
  const std::vector<Case> cases = {
      {"storage.interval_ms", [](auto& o) { o.storage.interval_ms = 0; }},
      {"storage.block_cache_bytes", [](auto& o) { o.storage.block_cache_bytes = 1; }},
      {"storage.memtable_bytes", [](auto& o) { o.storage.memtable_bytes = 1; }},
      {"storage.idempotency_ttl_s", [](auto& o) { o.storage.idempotency_ttl_s = 59; }},
      {"storage.max_pending_mutations", [](auto& o) { o.storage.max_pending_mutations = 0; }},
      {"memory.commit_queue_bytes", [](auto& o) { o.memory.commit_queue_bytes = 1'000; }},
      {"index.m", [](auto& o) { o.index.m = 3; }},
      {"index.ef_construction", [](auto& o) { o.index.ef_construction = 2'001; }},
      {"index.recall_target", [](auto& o) { o.index.recall_target = 1.01; }},
      {"index.recall_interval_ms", [](auto& o) { o.index.recall_interval_ms = -1; }},
      {"training.models", [](auto& o) { o.training.models = {"oracle"}; }},
      {"training.settings", [](auto& o) { o.training.settings["oracle"] = {}; }},
      {"training.schedule_s", [](auto& o) { o.training.schedule_s = -1; }},
      {"training.holdout", [](auto& o) { o.training.holdout = 0.6; }},
      {"training.keep_generations", [](auto& o) { o.training.keep_generations = 0; }},
      {"interaction_weights.view", [](auto& o) { o.interaction_weights["view"] = -1'001; }},
      {"trending_half_life_s", [](auto& o) { o.trending_half_life_s = 0; }},
      {"max_history", [](auto& o) { o.max_history = 10'001; }},
      {"clock", [](auto& o) { o.clock = nullptr; }},
  };
  EXPECT_TRUE(DatabaseOptions{}.validate().is_ok());
  for (const Case& test : cases) {
    DatabaseOptions options;
    test.spoil(options);
    const Status status = options.validate();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << test.field;
    EXPECT_EQ(status.field(), test.field);
    EXPECT_THAT(status.message(), HasSubstr("expected"));
    EXPECT_FALSE(Database::open(TemporaryDirectory() / "data", options).is_ok());
  }
}

}  // namespace
}  // namespace tamis::engine
