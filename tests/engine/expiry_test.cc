#include "engine/live/expiry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace tamis::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Due = ExpiryQueue::Due;

constexpr Due kOne{EntityKind::kItem, 1};
constexpr Due kTwo{EntityKind::kItem, 2};

TEST(ExpiryQueueTest, HandsOutWhatIsDueOnce) {
  ExpiryQueue queue;
  queue.set(EntityKind::kItem, 1, 100);
  queue.set(EntityKind::kItem, 2, 50);
  queue.set(EntityKind::kUser, 1, 200);
  EXPECT_THAT(queue.claim(49, 10), IsEmpty());
  EXPECT_THAT(queue.claim(100, 10), ElementsAre(kTwo, kOne));
  EXPECT_THAT(queue.claim(100, 10), IsEmpty()) << "claimed already";
  queue.release({kTwo, kOne});
  EXPECT_THAT(queue.claim(100, 1), ElementsAre(kTwo)) << "still there, as nobody deleted it";
}

TEST(ExpiryQueueTest, ALaterTimeReplacesTheEarlier) {
  ExpiryQueue queue;
  queue.set(EntityKind::kItem, 1, 100);
  queue.set(EntityKind::kItem, 1, 500);
  EXPECT_THAT(queue.claim(499, 10), IsEmpty());
  queue.remove(EntityKind::kItem, 1);
  EXPECT_THAT(queue.claim(500, 10), IsEmpty());
}

TEST(ExpiryQueueTest, ProtectedEntitiesAreLeftAlone) {
  ExpiryQueue queue;
  queue.set(EntityKind::kItem, 1, 100);
  queue.protect(kOne);
  queue.protect(kOne);
  queue.unprotect(kOne);
  EXPECT_THAT(queue.claim(100, 10), IsEmpty());
  queue.unprotect(kOne);
  EXPECT_THAT(queue.claim(100, 10), ElementsAre(kOne));
}

TEST(ExpiryQueueTest, AWriterWaitsForTheSweepThatHasTheEntity) {
  ExpiryQueue queue;
  queue.set(EntityKind::kItem, 1, 100);
  const auto due = queue.claim(100, 10);
  std::atomic<bool> released{false};
  std::thread writer([&] {
    queue.protect(kOne);
    EXPECT_TRUE(released.load());
    queue.unprotect(kOne);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  released.store(true);
  queue.release(due);
  writer.join();
}

}  // namespace
}  // namespace tamis::engine
