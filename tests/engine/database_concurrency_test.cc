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

}  // namespace
}  // namespace tamis::engine
