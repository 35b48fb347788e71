// Writers, readers and upkeep at once: what holds whatever the interleaving. Runs under ThreadSanitizer, too.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/engine/database_fixture.h"

namespace tamis::engine {
namespace {

TEST_F(DatabaseTest, WritersAndReadersRunSideBySide) {
  options.index.recall_interval_ms = 5;
  open();
  write({put_space("style", 4)});
  constexpr int kWriters = 3;
  constexpr int kWrites = 150;
  std::atomic<bool> done{false};
  std::atomic<int> broken{0};

  std::vector<std::thread> threads;
  for (int writer = 0; writer < kWriters; ++writer) {
    threads.emplace_back([&, writer] {
      const std::string user = "u" + std::to_string(writer);
      for (int i = 0; i < kWrites; ++i) {
        const std::string item = user + "-" + std::to_string(i % 40);
        const auto ack =
            database->write({PutInteraction{interaction(user, item)},
                             PutVector{"style", EntityKind::kItem, item, {1, float(i), float(writer), 1}}});
        if (!ack.is_ok() || database->sequence() < ack->sequence) ++broken;
        if (i % 50 == 49 && !database->write({DeleteEntity{EntityKind::kItem, item}}).is_ok()) ++broken;
      }
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      while (!done.load()) {
        RecommendRequest request;
        request.user = "u1";
        request.explain = true;
        if (!database->recommend(request).is_ok()) ++broken;
        SearchRequest search;
        search.space = "style";
        search.query = std::vector<float>{1, 2, 1, 1};
        if (!database->search(search).is_ok()) ++broken;
        if (!database->list_entities(EntityKind::kItem, "", 100).is_ok()) ++broken;
        (void)database->list_interactions(EntityKind::kUser, "u0", "", 10);
        (void)database->stats();
      }
    });
  }
  for (int writer = 0; writer < kWriters; ++writer) threads[writer].join();
  done.store(true);
  for (std::size_t i = kWriters; i < threads.size(); ++i) threads[i].join();
  EXPECT_EQ(broken.load(), 0);
  EXPECT_EQ(database->stats().interactions, std::uint64_t{kWriters} * kWrites);
}

TEST_F(DatabaseTest, AWaitForASequenceEndsWhenItIsVisible) {
  open();
  EXPECT_EQ(database->wait_for_sequence(1, std::chrono::milliseconds(1)).code(), StatusCode::kUnavailable);
  std::thread writer([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    view("ada", "lantern");
  });
  RecommendRequest request;
  request.user = "bob";
  request.min_seq = 1;
  request.min_seq_timeout_ms = 10'000;
  const auto answer = database->recommend(request);
  writer.join();
  ASSERT_TRUE(answer.is_ok()) << answer.status().to_string();
  ASSERT_EQ(answer->items.size(), 1u);
  EXPECT_GE(answer->sequence, 1u);
  request.min_seq = 1'000;
  request.min_seq_timeout_ms = 10'001;
  EXPECT_EQ(database->recommend(request).status().field(), "min_seq_timeout_ms");
}

// A user who is deleted by two writers at once, and comes back in between, takes back what they did once.
TEST_F(DatabaseTest, DeletionsOfOneUserAtOnceTakeTheirCountsBackOnce) {
  open();
  for (int n = 0; n < 3; ++n) view("steady", "kept");
  std::atomic<int> broken{0};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 3; ++writer) {
    threads.emplace_back([&] {
      for (int i = 0; i < 60; ++i) {
        if (!database->write({PutEntity{EntityKind::kUser, Entity{.id = "ada", .features = {}}}}).is_ok()) ++broken;
        if (!database->write({PutInteraction{interaction("ada", "lantern", "purchase")}}).is_ok()) ++broken;
        const StatusCode code = database->write({DeleteEntity{EntityKind::kUser, "ada"}}).status().code();
        if (code != StatusCode::kOk && code != StatusCode::kNotFound) ++broken;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(broken.load(), 0);
  write({PutEntity{EntityKind::kUser, Entity{.id = "ada", .features = {}}}});  // with what came late
  write({DeleteEntity{EntityKind::kUser, "ada"}});
  view("bob", "lantern");
  const auto counts = database->stats().interactions_by_type;
  EXPECT_EQ(counts.at("view"), 4U);
  EXPECT_EQ(counts.contains("purchase") ? counts.at("purchase") : 0, 0U);
  const std::vector<std::string> before = recommended("stranger");
  EXPECT_THAT(before, ::testing::ElementsAre("kept", "lantern"));
  close();
  open();
  EXPECT_EQ(recommended("stranger"), before);
  EXPECT_EQ(database->stats().interactions_by_type, counts);
}

// What a session does while it is merged is the user's or still the session's, and nobody's twice.
TEST_F(DatabaseTest, NothingIsLostOfASessionThatIsMergedWhileItActs) {
  open();
  constexpr int kEvents = 300;
  std::atomic<int> acknowledged{0};
  std::atomic<bool> done{false};
  std::thread session([&] {
    for (int i = 0; i < kEvents; ++i)
      if (database->write({PutInteraction{interaction("s-1", "i" + std::to_string(i))}}).is_ok()) ++acknowledged;
    done.store(true);
  });
  std::thread merger([&] {
    while (!done.load()) {
      const auto merged = database->merge_user("ada", "s-1");
      EXPECT_TRUE(merged.is_ok()) << merged.status().to_string();
    }
  });
  session.join();
  merger.join();
  EXPECT_TRUE(database->merge_user("ada", "s-1").is_ok());
  EXPECT_EQ(acknowledged.load(), kEvents);
  std::vector<std::string> items;
  std::string cursor;
  do {
    const auto page = database->list_interactions(EntityKind::kUser, "ada", cursor, 100);
    ASSERT_TRUE(page.is_ok()) << page.status().to_string();
    for (const auto& row : page->rows) items.push_back(row.interaction.item);
    cursor = page->cursor;
  } while (!cursor.empty());
  std::sort(items.begin(), items.end());
  EXPECT_EQ(items.size(), static_cast<std::size_t>(kEvents));
  EXPECT_EQ(std::unique(items.begin(), items.end()), items.end());
  EXPECT_EQ(database->stats().interactions, static_cast<std::uint64_t>(kEvents));
}

}  // namespace
}  // namespace tamis::engine
