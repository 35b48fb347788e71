#include "engine/live/history_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/engine/small_store.h"

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class HistoryCacheTest : public ::testing::Test {
 protected:
  // Commits, and tells the cache as the committing thread does.
  void view(HistoryCache& cache, const std::string& user, const std::string& item, TimestampMs timestamp_ms) {
    Interaction made;
    made.user = user;
    made.item = item;
    made.timestamp_ms = timestamp_ms;
    const std::vector<Mutation> batch = {PutInteraction{made}};
    const auto records = store->commit(batch, Durability::kNone);
    ASSERT_TRUE(records.is_ok());
    const auto& record = records->at(0);
    cache.on_interaction(record.user, {record.item, *store->find_interaction_type("view"), 1, timestamp_ms},
                         record.sequence);
  }
  DenseId user(const std::string& name) { return *store->ids(EntityKind::kUser).find(name); }
  std::vector<std::string> items(HistoryCache& cache, const std::string& name) {
    const auto history = cache.get(user(name));
    EXPECT_TRUE(history.is_ok());
    std::vector<std::string> made;
    for (const auto& event : (*history)->events) made.push_back(store->ids(EntityKind::kItem).name(event.item));
    return made;
  }

  TemporaryDirectory directory;
  std::unique_ptr<storage::Store> store = open_small_store(directory);
};

TEST_F(HistoryCacheTest, ExtendsWhatItLoaded) {
  HistoryCache cache(store.get(), 10, 1 << 20);
  view(cache, "ada", "a", 100);
  EXPECT_THAT(items(cache, "ada"), ElementsAre("a"));
  view(cache, "ada", "b", 300);
  view(cache, "ada", "c", 200);  // older than the newest
  view(cache, "ada", "d", 300);  // as old: the later commit first
  EXPECT_THAT(items(cache, "ada"), ElementsAre("d", "b", "c", "a"));
  HistoryCache fresh(store.get(), 10, 1 << 20);
  EXPECT_EQ(items(fresh, "ada"), items(cache, "ada")) << "as if it had been loaded now";
}

// The store shows a commit before the committing thread tells the cache of it.
TEST_F(HistoryCacheTest, ALoadBetweenACommitAndItsNewsCountsAnInteractionOnce) {
  for (int loaded_after = 0; loaded_after < 4; ++loaded_after) {
    HistoryCache cache(store.get(), 10, 1 << 20);
    const std::string name = "ada" + std::to_string(loaded_after);
    std::vector<storage::CommittedRecord> committed;
    for (int i = 0; i < 3; ++i) {
      Interaction made;
      made.user = name;
      made.item = "i" + std::to_string(i % 2);  // one item twice
      made.timestamp_ms = 100 - i;              // each older than the one before
      const std::vector<Mutation> batch = {PutInteraction{made}};
      const auto records = store->commit(batch, Durability::kNone);
      ASSERT_TRUE(records.is_ok());
      committed.push_back(records->front());
      if (committed.size() == static_cast<std::size_t>(loaded_after)) (void)items(cache, name);
    }
    for (const auto& record : committed) {
      cache.on_interaction(record.user, {record.item, *store->find_interaction_type("view"), 1, 100}, record.sequence);
    }
    EXPECT_EQ(items(cache, name).size(), 3u) << "loaded after " << loaded_after;
  }
}

TEST_F(HistoryCacheTest, KeepsTheNewestAndRemembersAllThatWasSeen) {
  HistoryCache cache(store.get(), 2, 1 << 20);
  for (int i = 0; i < 5; ++i) view(cache, "ada", "i" + std::to_string(i), i);
  EXPECT_THAT(items(cache, "ada"), ElementsAre("i4", "i3"));
  for (int i = 5; i < 7; ++i) view(cache, "ada", "i" + std::to_string(i), i);
  EXPECT_THAT(items(cache, "ada"), ElementsAre("i6", "i5"));
  EXPECT_EQ((*cache.get(user("ada")))->seen.size(), 7u);
}

TEST_F(HistoryCacheTest, AUserWrittenMuchWithoutBeingReadIsLoadedAgain) {
  HistoryCache cache(store.get(), 2, 1 << 20);
  view(cache, "ada", "a", 1);
  EXPECT_THAT(items(cache, "ada"), ElementsAre("a"));
  for (int i = 0; i < 2'000; ++i) view(cache, "ada", "i" + std::to_string(i), 10 + i);
  EXPECT_THAT(items(cache, "ada"), ElementsAre("i1999", "i1998"));
  EXPECT_EQ((*cache.get(user("ada")))->seen.size(), 2'001u);
}

TEST_F(HistoryCacheTest, StrangersHaveNone) {
  HistoryCache cache(store.get(), 2, 1 << 20);
  EXPECT_THAT((*cache.get(kNoDenseId))->events, IsEmpty());
  EXPECT_THAT((*cache.get(12'345))->events, IsEmpty());
}

TEST_F(HistoryCacheTest, SeenCanBeRestrictedToTypes) {
  HistoryCache cache(store.get(), 10, 1 << 20);
  view(cache, "ada", "a", 1);
  const auto view_type = *store->find_interaction_type("view");
  EXPECT_EQ(cache.seen_of_types(user("ada"), {view_type})->size(), 1u);
  EXPECT_THAT(*cache.seen_of_types(user("ada"), {static_cast<storage::InteractionTypeId>(view_type + 1)}), IsEmpty());
}

}  // namespace
}  // namespace tamis::engine
