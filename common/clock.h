// Time, injectable so that tests and replays control it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis {

// Unix time in milliseconds, UTC.
using TimestampMs = std::int64_t;

// Timestamps that Tamis accepts lie in the years 0001 to 9999.
inline constexpr TimestampMs kMinTimestampMs = -62135596800000;
inline constexpr TimestampMs kMaxTimestampMs = 253402300799999;
// Stands where no time was given. 0 is a time like any other: the beginning of 1970.
inline constexpr TimestampMs kNoTime = std::numeric_limits<TimestampMs>::min();

inline constexpr TimestampMs kHourMs = 3'600'000;
inline constexpr TimestampMs kDayMs = 24 * kHourMs;

// Whether a bare number that should be Unix milliseconds is more likely seconds: as milliseconds it would lie within
// about three years of 1970, as seconds within three millennia. 0 is the beginning of 1970 either way.
inline constexpr bool looks_like_seconds(double ms) { return ms != 0 && ms > -1e11 && ms < 1e11; }

// Wall time that passed since, for reports and measurements.
inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMs now_ms() const = 0;
  static const Clock& system();
};

// A clock that stands still until told. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(TimestampMs now_ms = 0) : now_ms_(now_ms) {}
  TimestampMs now_ms() const override { return now_ms_.load(std::memory_order_relaxed); }
  void set(TimestampMs now_ms) { now_ms_.store(now_ms, std::memory_order_relaxed); }
  void advance(std::int64_t ms) { now_ms_.fetch_add(ms, std::memory_order_relaxed); }

 private:
  std::atomic<TimestampMs> now_ms_;
};

// RFC 3339, as "2011-12-01T10:00:00Z", "2011-12-01T10:00:00.250+01:00"; a space may stand for the T, and an absent
// offset is an error.
Result<TimestampMs> parse_rfc3339(std::string_view text);

// "2011-12-01T10:00:00Z", with ".250" where there are milliseconds.
std::string format_rfc3339(TimestampMs timestamp_ms);

}  // namespace tamis
