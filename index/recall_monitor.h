// RecallMonitor: keeps a sample of recent queries, the smoothed recall measured on them, and the `ef` that follows.
// Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "common/mutex.h"

namespace tamis::index {

class RecallMonitor {
 public:
  static constexpr std::size_t kMeasuredK = 10;  // recall@10
  static constexpr std::uint32_t kLeastEf = 16;
  static constexpr std::uint32_t kMostEf = 1'024;

  explicit RecallMonitor(double target) : target_(target) {}

  // Keeps the query in one call of kSampleEvery; never waits.
  void sample(std::span<const float> query);
  // The queries kept since the last call.
  std::vector<std::vector<float>> take();

  // Tells the recall of `queries` queries, measured at `ef`, and moves the ef in force if that was it.
  void record(double recall, std::uint64_t queries, std::uint32_t ef);

  std::uint32_t ef() const { return ef_.load(std::memory_order_relaxed); }
  double recall() const { return recall_.load(std::memory_order_relaxed); }
  std::uint64_t samples() const { return samples_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kSampleEvery = 64;
  static constexpr std::size_t kRing = 32;

  const double target_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<std::uint32_t> ef_{160};
  std::atomic<double> recall_{1.0};
  std::atomic<std::uint64_t> samples_{0};
  Mutex mutex_;
  std::vector<std::vector<float>> ring_ TAMIS_GUARDED_BY(mutex_);
  std::size_t next_ TAMIS_GUARDED_BY(mutex_) = 0;
};

}  // namespace tamis::index
