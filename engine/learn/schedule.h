// Schedule: when the next training run is due by itself.
#pragma once

#include <cstdint>

#include "common/clock.h"
#include "engine/options.h"

namespace tamis::engine {

// A value type.
class Schedule {
 public:
  // The last run, by schedule or by hand, whatever its end, began at `last_run_ms` (0: there was none) when the store
  // had `last_interactions`.
  Schedule(const TrainingOptions& options, TimestampMs last_run_ms, std::uint64_t last_interactions)
      : interval_ms_(options.schedule_s * 1'000),
        min_new_interactions_(options.min_new_interactions),
        last_run_ms_(last_run_ms),
        last_interactions_(last_interactions) {}

  bool is_on() const { return interval_ms_ > 0; }
  // True where the interval has passed and enough interactions came in since the last run; the first run waits for
  // interactions alone.
  bool is_due(TimestampMs now_ms, std::uint64_t interactions) const {
    if (!is_on() || (last_run_ms_ != 0 && now_ms - last_run_ms_ < interval_ms_)) return false;
    // Deleted users may have taken more away than came in: then the last figure says nothing.
    const std::uint64_t added = interactions >= last_interactions_ ? interactions - last_interactions_ : interactions;
    return added >= min_new_interactions_;
  }

 private:
  std::int64_t interval_ms_;
  std::uint64_t min_new_interactions_;
  TimestampMs last_run_ms_;
  std::uint64_t last_interactions_;
};

}  // namespace tamis::engine
