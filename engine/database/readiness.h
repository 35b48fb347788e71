// Readiness: whether recovery is done, and how it ended.
#pragma once

#include <atomic>
#include <chrono>

#include "common/mutex.h"
#include "common/status.h"

namespace tamis::engine {

// Thread-safe.
class Readiness {
 public:
  bool is_ready() const { return ready_.load(std::memory_order_acquire); }
  // ok once ready; unavailable while recovering, and only then; else why recovery failed, for good.
  Status status() const {
    if (is_ready()) return Status::ok();
    MutexLock lock(mutex_);
    return ended_ ? outcome_ : Status::unavailable("the database is recovering");
  }
  Status wait(std::chrono::milliseconds timeout) const {
    if (is_ready()) return Status::ok();
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    MutexLock lock(mutex_);
    while (!ended_) {
      if (!changed_.wait_until(mutex_, deadline)) break;
    }
    return ended_ ? outcome_ : Status::unavailable("the database is recovering");
  }
  // Recovering again.
  void restart() {
    MutexLock lock(mutex_);
    ready_.store(false, std::memory_order_release);
    ended_ = false;
  }
  void set(Status outcome) {
    MutexLock lock(mutex_);
    outcome_ = std::move(outcome);
    ended_ = true;
    ready_.store(outcome_.is_ok(), std::memory_order_release);
    changed_.notify_all();
  }

 private:
  std::atomic<bool> ready_{false};
  mutable Mutex mutex_;
  mutable CondVar changed_;
  bool ended_ TAMIS_GUARDED_BY(mutex_) = false;
  Status outcome_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::engine
