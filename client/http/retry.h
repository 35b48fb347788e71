// Retry: when a request is sent again, and after how long.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "common/random.h"

namespace tamis::client {

struct RetryPolicy {
  std::uint32_t max_attempts = 6;        // the first included; 1: never again
  std::int64_t base_backoff_ms = 100;    // before the second attempt; doubles from there
  std::int64_t max_backoff_ms = 10'000;  // a longer Retry-After of the server is cut to max_retry_after_ms
  std::int64_t max_retry_after_ms = 60'000;
};

// Milliseconds asked for by a Retry-After header (RFC 9110, 10.2.3): seconds, or an HTTP-date against `now_ms`.
// -1 where it is absent or malformed.
std::int64_t parse_retry_after(std::string_view header, std::int64_t now_ms);

// The waits of one call: exponential with full jitter on the upper half, never below what the server asked for.
class Backoff {
 public:
  Backoff(const RetryPolicy& policy, std::uint64_t seed) : policy_(policy), random_(seed) {}

  bool has_attempts_left() const { return attempts_ < policy_.max_attempts; }
  void count_attempt() { ++attempts_; }
  std::uint32_t attempts() const { return attempts_; }
  // Milliseconds until the next attempt.
  std::int64_t next_wait_ms(std::string_view retry_after, std::int64_t now_ms);

 private:
  RetryPolicy policy_;
  Random random_;
  std::uint32_t attempts_ = 0;
};

}  // namespace tamis::client
