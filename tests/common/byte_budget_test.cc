#include "common/byte_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace tamis {
namespace {

TEST(ByteBudget, RefusesBeyondTheLimitAndNamesThePart) {
  ByteBudget budget("request_bodies", "memory.request_bodies", 100);
  ByteHold first(budget);
  ByteHold second(budget);
  ASSERT_TRUE(first.grow(60).is_ok());
  const Status refused = second.grow(41);
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_EQ(refused.message(),
            "memory.request_bodies: request_bodies hold 60 of 100 bytes and have no room for 41 more; retry shortly");
  EXPECT_EQ(second.bytes(), 0u);
  EXPECT_TRUE(second.grow(40).is_ok());
  EXPECT_EQ(budget.held_bytes(), 100u);
  first.shrink_to(10);
  EXPECT_EQ(budget.held_bytes(), 50u);
  EXPECT_TRUE(budget.check(50).is_ok());
  EXPECT_FALSE(budget.check(51).is_ok());
}

TEST(ByteBudget, WhoeverIsAloneMayHoldMoreThanTheLimit) {
  ByteBudget budget("bulk_streams", "memory.bulk_streams", 100);
  {
    ByteHold alone(budget);
    EXPECT_TRUE(alone.grow(150).is_ok());
    EXPECT_TRUE(alone.grow(150).is_ok());
    ByteHold other(budget);
    EXPECT_FALSE(other.grow(1).is_ok());
    EXPECT_EQ(budget.held_bytes(), 300u);
  }
  EXPECT_EQ(budget.held_bytes(), 0u);
}

TEST(ByteBudget, SizesNearTheLargestDoNotWrapAround) {
  ByteBudget budget("request_bodies", "memory.request_bodies", ~0ull);
  ByteHold hold(budget);
  ASSERT_TRUE(hold.grow(1'000).is_ok());
  EXPECT_FALSE(budget.check(~0ull).is_ok());
  EXPECT_TRUE(budget.check(~0ull - 1'000).is_ok());
}

TEST(ByteBudget, ThreadsTogetherNeverHoldMore) {
  ByteBudget budget("request_bodies", "memory.request_bodies", 1'000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        ByteHold hold(budget);
        if (hold.grow(300).is_ok()) static_cast<void>(hold.grow(100));
        EXPECT_LE(budget.held_bytes(), 1'000u);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(budget.held_bytes(), 0u);
}

}  // namespace
}  // namespace tamis
