// Schedule: when the next training run is due by itself.
#pragma once

#include <algorithm>
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
  // True where the interval has passed and enough interactions came in since the last run. The first run, and one after
  // the data has grown to kGrowth times what the last one knew, wait for interactions alone: what a run made of the
  // first rows of an import must not stay for an interval.
  bool is_due(TimestampMs now_ms, std::uint64_t interactions) const {
    if (!is_on()) return false;
    const bool has_grown = interactions / kGrowth >= std::max<std::uint64_t>(1, last_interactions_);
    if (last_run_ms_ != 0 && now_ms - last_run_ms_ < interval_ms_ && !has_grown) return false;
    // Deleted users may have taken more away than came in: then the last figure says nothing.
    const std::uint64_t added = interactions >= last_interactions_ ? interactions - last_interactions_ : interactions;
    return added >= min_new_interactions_;
  }

 private:
  static constexpr std::uint64_t kGrowth = 4;
  std::int64_t interval_ms_;
  std::uint64_t min_new_interactions_;
  TimestampMs last_run_ms_;
  std::uint64_t last_interactions_;
};

// ImportCalm: whether an import seems to be under way, by how fast the number of interactions grows. Calm is a spell of
// kSpellMs in which fewer came than a hundredth of what is there (or kFew). A stream that never rests holds a run back
// until it has brought a thousand seconds' worth of itself; the timer asks a few times a second.
// Externally synchronised.
class ImportCalm {
 public:
  static constexpr std::int64_t kSpellMs = 10'000;
  static constexpr std::uint64_t kFew = 100;

  bool is_calm(TimestampMs now_ms, std::uint64_t interactions) {
    const bool has_ended = now_ms < began_ms_ || now_ms - began_ms_ >= kSpellMs;
    if (!is_measuring_ || has_ended) {
      if (is_measuring_) calm_ = grew_little(interactions);
      is_measuring_ = true;
      began_ms_ = now_ms;
      at_begin_ = interactions;
    } else if (!grew_little(interactions)) {
      calm_ = false;  // no need to wait for the end
    }
    return calm_;
  }

 private:
  bool grew_little(std::uint64_t interactions) const {
    const std::uint64_t grown = interactions > at_begin_ ? interactions - at_begin_ : 0;
    return grown < std::max(kFew, interactions / 100);
  }
  bool is_measuring_ = false;
  bool calm_ = false;
  TimestampMs began_ms_ = 0;
  std::uint64_t at_begin_ = 0;
};

}  // namespace tamis::engine
