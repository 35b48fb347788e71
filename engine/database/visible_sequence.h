// VisibleSequence: the last write that queries see, those who wait for one, and whether a query saw more than that.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "common/ids.h"
#include "common/mutex.h"
#include "common/status.h"

namespace tamis::engine {

// Thread-safe. Advancing costs the committing thread a few atomic operations while nobody waits.
class VisibleSequence {
 public:
  Sequence get() const { return value_.load(std::memory_order_acquire); }

  // Before the first of the writes up to `sequence` can be seen.
  void announce(Sequence sequence) { announced_.store(sequence, std::memory_order_release); }
  // Whether what was read since get() gave `sequence` is of that sequence alone: no write was about to be seen.
  bool is_still(Sequence sequence) const { return announced_.load(std::memory_order_acquire) <= sequence; }

  void advance(Sequence sequence) {
    value_.store(sequence, std::memory_order_seq_cst);
    if (waiting_.load(std::memory_order_seq_cst) != 0) {
      MutexLock lock(mutex_);
      advanced_.notify_all();
    }
    callbacks_->call_reached(value_);
  }

  // Calls `done` once `sequence` is reached: now, or by the thread that advances. Dropping the handle, which may
  // outlive this, ends the wait.
  std::shared_ptr<const void> when_reached(Sequence sequence, std::function<void()> done) {
    const auto id = callbacks_->add(sequence, std::move(done));
    callbacks_->call_reached(value_);
    return {nullptr, [callbacks = std::weak_ptr<Callbacks>(callbacks_), id](const void*) {
              if (const auto alive = callbacks.lock()) alive->remove(id);
            }};
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
  class Callbacks {
   public:
    using Id = std::pair<Sequence, std::uint64_t>;  // what is waited for, then a number of its own

    Id add(Sequence sequence, std::function<void()> done) {
      MutexLock lock(mutex_);
      const Id id(sequence, next_++);
      waiting_.emplace(id, std::move(done));
      count_.store(waiting_.size(), std::memory_order_seq_cst);
      return id;
    }
    void remove(const Id& id) {
      MutexLock lock(mutex_);
      waiting_.erase(id);
      count_.store(waiting_.size(), std::memory_order_seq_cst);
    }
    void call_reached(const std::atomic<Sequence>& value) {
      if (count_.load(std::memory_order_seq_cst) == 0) return;
      std::vector<std::function<void()>> reached;
      {
        MutexLock lock(mutex_);
        const Sequence last = value.load(std::memory_order_seq_cst);
        while (!waiting_.empty() && waiting_.begin()->first.first <= last) {
          reached.push_back(std::move(waiting_.begin()->second));
          waiting_.erase(waiting_.begin());
        }
        count_.store(waiting_.size(), std::memory_order_seq_cst);
      }
      for (const auto& done : reached) done();
    }

   private:
    std::atomic<std::size_t> count_{0};
    Mutex mutex_;
    std::map<Id, std::function<void()>> waiting_ TAMIS_GUARDED_BY(mutex_);
    std::uint64_t next_ TAMIS_GUARDED_BY(mutex_) = 0;
  };

  static constexpr std::chrono::milliseconds kLookPeriod{20};  // for a cancellation

  std::atomic<Sequence> value_{0};
  std::atomic<Sequence> announced_{0};
  std::atomic<int> waiting_{0};
  Mutex mutex_;
  CondVar advanced_;
  const std::shared_ptr<Callbacks> callbacks_ = std::make_shared<Callbacks>();
};

}  // namespace tamis::engine
