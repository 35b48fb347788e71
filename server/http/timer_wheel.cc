#include "server/http/timer_wheel.h"

#include <algorithm>
#include <vector>

namespace tamis::server {

// A fresh entry hangs in the next bucket, whatever deadline it is given later.
TimerWheel::Entry::Entry(TimerWheel& wheel) : wheel_(wheel), bucket_((wheel.current_ + 1) % kBuckets) {
  position_ = wheel_.buckets_[bucket_].insert(wheel_.buckets_[bucket_].end(), this);
}

TimerWheel::Entry::~Entry() { wheel_.buckets_[bucket_].erase(position_); }

void TimerWheel::tick() {
  current_ = (current_ + 1) % kBuckets;
  const auto now = Clock::now();
  std::list<Entry*> due;
  due.swap(buckets_[current_]);
  std::vector<Entry*> expired;
  for (auto position = due.begin(); position != due.end();) {
    Entry* const entry = *position;
    const auto left = entry->deadline_ - now;
    if (left <= Clock::duration::zero()) expired.push_back(entry);
    // A deadline may be moved forward at any time, so no entry sleeps longer than it takes to notice.
    const auto ticks = std::clamp<std::int64_t>(left / kTick, 1, kMaxSleepTicks);
    const std::size_t bucket = (current_ + static_cast<std::size_t>(ticks)) % kBuckets;
    const auto next = std::next(position);
    buckets_[bucket].splice(buckets_[bucket].end(), due, position);
    entry->bucket_ = bucket;
    position = next;
  }
  for (Entry* const entry : expired) {
    entry->clear_deadline();
    entry->on_expire();
  }
}

}  // namespace tamis::server
