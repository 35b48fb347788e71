// TimerWheel: deadlines of many connections for the price of a store each.
//
// Entries hang in buckets by the tick at which they were last looked at. Moving a deadline only writes a field; a
// bucket that comes due re-hangs what has been put off and expires the rest. One timer per I/O thread drives it. Used
// on its I/O thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>

namespace tamis::server {

class TimerWheel {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kTick{50};

  // Derived from by what can expire. Leaves the wheel when destroyed.
  class Entry {
   public:
    explicit Entry(TimerWheel& wheel);
    virtual ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    // Called once per deadline set, at most a quarter of a second late. It must not destroy entries.
    virtual void on_expire() = 0;

    void set_deadline(std::chrono::milliseconds from_now) { deadline_ = Clock::now() + from_now; }
    void clear_deadline() { deadline_ = Clock::time_point::max(); }

   private:
    friend class TimerWheel;
    TimerWheel& wheel_;
    Clock::time_point deadline_ = Clock::time_point::max();
    std::size_t bucket_ = 0;
    std::list<Entry*>::iterator position_;
  };

  // Expires what is due.
  void tick();

 private:
  static constexpr std::size_t kBuckets = 64;
  static constexpr std::int64_t kMaxSleepTicks = 5;  // a deadline that moves forward is noticed within 250 ms

  std::array<std::list<Entry*>, kBuckets> buckets_;
  std::size_t current_ = 0;
};

}  // namespace tamis::server
