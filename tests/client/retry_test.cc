#include "client/http/retry.h"

#include <gtest/gtest.h>

namespace tamis::client {
namespace {

TEST(RetryAfter, ReadsSecondsAndDates) {
  EXPECT_EQ(parse_retry_after("3", 0), 3'000);
  EXPECT_EQ(parse_retry_after("0", 0), 0);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'775'000), 2'000);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'778'000), 0);  // past
  for (const char* text : {"", "-1", "soon", "3.5", "Sun, 06 Foo 1994 08:49:37 GMT"})
    EXPECT_EQ(parse_retry_after(text, 0), -1);
}

TEST(Backoff, DoublesWithinItsBoundsAndHonoursTheServer) {
  const RetryPolicy policy{
      .max_attempts = 8, .base_backoff_ms = 100, .max_backoff_ms = 1'000, .max_retry_after_ms = 5'000};
  Backoff backoff(policy, 42);
  for (const std::int64_t full : {100, 200, 400, 800, 1'000, 1'000}) {
    ASSERT_TRUE(backoff.has_attempts_left());
    backoff.count_attempt();
    const auto wait = backoff.next_wait_ms("", 0);
    EXPECT_GE(wait, full / 2);
    EXPECT_LE(wait, full);
  }
  EXPECT_EQ(backoff.next_wait_ms("3", 0), 3'000);
  EXPECT_EQ(backoff.next_wait_ms("3600", 0), 5'000);
}

}  // namespace
}  // namespace tamis::client
