#include "common/cancellation.h"

#include <gtest/gtest.h>

#include <thread>

namespace tamis {
namespace {

TEST(Cancellation, OutsideOfAScopeNothingIsCancelled) {
  EXPECT_FALSE(is_cancellable());
  EXPECT_FALSE(is_cancelled());
  EXPECT_TRUE(check_cancelled().is_ok());
}

TEST(Cancellation, AScopeHoldsForItsThreadAndItsTime) {
  Cancellation cancellation;
  {
    const CancellationScope scope(&cancellation);
    EXPECT_TRUE(is_cancellable());
    EXPECT_TRUE(check_cancelled().is_ok());
    cancellation.cancel();
    EXPECT_EQ(check_cancelled().code(), StatusCode::kUnavailable);
    std::thread other([] { EXPECT_FALSE(is_cancelled()); });
    other.join();
    {
      const CancellationScope not_cancelled(nullptr);
      EXPECT_FALSE(is_cancelled());
    }
    EXPECT_TRUE(is_cancelled());
  }
  EXPECT_FALSE(is_cancelled());
}

TEST(Cancellation, FollowsItsParentAndNotTheOtherWayRound) {
  Cancellation parent;
  Cancellation one(&parent);
  Cancellation other(&parent);
  one.cancel();
  EXPECT_TRUE(one.is_cancelled());
  EXPECT_FALSE(other.is_cancelled());
  EXPECT_FALSE(parent.is_cancelled());
  parent.cancel();
  EXPECT_TRUE(other.is_cancelled());
}

}  // namespace
}  // namespace tamis
