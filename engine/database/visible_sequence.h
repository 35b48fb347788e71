// VisibleSequence: the last write that queries see, those who wait for one, and whether a query saw more than that.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <string>

#include "common/cancellation.h"
#include "common/ids.h"
#include "common/mutex.h"
#include "common/status.h"

namespace tamis::engine {

// Thread-safe. Advancing costs the committing thread one atomic store while nobody waits.
class VisibleSequence {
 public:
  Sequence get() const { return value_.load(std::memory_order_acquire); }

  // Before the first of the writes up to `sequence` can be seen.
  void announce(Sequence sequence) { announced_.store(sequence, std::memory_order_release); }
  // Whether what was read since get() gave `sequence` is of that sequence alone: no write was about to be seen.
  bool is_still(Sequence sequence) const { return announced_.load(std::memory_order_acquire) <= sequence; }

  void advance(Sequence sequence) {
    value_.store(sequence, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) == 0) return;
    MutexLock lock(mutex_);
    advanced_.notify_all();
  }

  // unavailable at the deadline, or soon after this thread's work was cancelled.
  Status wait_for(Sequence sequence, std::chrono::milliseconds timeout) {
    if (get() >= sequence) return Status::ok();
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    MutexLock lock(mutex_);
    waiting_.fetch_add(1, std::memory_order_seq_cst);
    while (value_.load(std::memory_order_seq_cst) < sequence && !is_cancelled()) {
      const auto look =
          is_cancellable() ? std::min(deadline, std::chrono::steady_clock::now() + kLookPeriod) : deadline;
      if (!advanced_.wait_until(mutex_, look) && std::chrono::steady_clock::now() >= deadline) break;
    }
    waiting_.fetch_sub(1, std::memory_order_seq_cst);
    if (get() >= sequence) return Status::ok();
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    return Status::unavailable("sequence " + std::to_string(sequence) + " is not visible yet; the last one is " +
                               std::to_string(get()));
  }

 private:
  static constexpr std::chrono::milliseconds kLookPeriod{20};  // for a cancellation

  std::atomic<Sequence> value_{0};
  std::atomic<Sequence> announced_{0};
  std::atomic<int> waiting_{0};
  Mutex mutex_;
  CondVar advanced_;
};

}  // namespace tamis::engine
