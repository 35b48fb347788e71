#include "index/recall_monitor.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tamis::index {

void RecallMonitor::sample(std::span<const float> query) {
  if (calls_.fetch_add(1, std::memory_order_relaxed) % kSampleEvery != 0) return;
  if (!mutex_.try_lock()) return;
  if (ring_.size() < kRing) {
    ring_.emplace_back(query.begin(), query.end());
  } else {
    ring_[next_].assign(query.begin(), query.end());
    next_ = (next_ + 1) % kRing;
  }
  mutex_.unlock();
}

std::vector<std::vector<float>> RecallMonitor::take() {
  const MutexLock lock(mutex_);
  next_ = 0;
  return std::exchange(ring_, {});
}

void RecallMonitor::record(double recall, std::uint64_t queries, std::uint32_t ef) {
  if (queries == 0) return;
  const MutexLock lock(mutex_);
  // An average with a memory of about 100 queries; the first sample counts in full.
  const double weight = samples() == 0 ? 1.0 : 1.0 - std::exp(-static_cast<double>(queries) / 100.0);
  const double smoothed = this->recall() + weight * (recall - this->recall());
  recall_.store(smoothed, std::memory_order_relaxed);
  samples_.fetch_add(queries, std::memory_order_relaxed);
  if (ef != this->ef()) return;
  // Upwards faster than downwards: missing the target costs quality, overshooting it costs a little time. Within the
  // band between, `ef` stays.
  double factor = 1.0;
  if (smoothed < target_) factor = smoothed < target_ - 0.05 ? 1.5 : 1.2;
  if (smoothed > target_ + 0.5 * (1.0 - target_)) factor = 0.95;
  const double moved = std::round(ef * factor);
  ef_.store(static_cast<std::uint32_t>(std::clamp<double>(moved, kLeastEf, kMostEf)), std::memory_order_relaxed);
}

}  // namespace tamis::index
