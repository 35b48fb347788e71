// Cancellation: asks work on other threads to end early.
//
//   Cancellation cancellation;                            // the caller holds it and may cancel
//   worker:  const CancellationScope scope(&cancellation);
//            for (...) TAMIS_RETURN_IF_ERROR(check_cancelled());   // in every long loop
//   owner:   cancellation.cancel();
//
// A scope holds for its thread, so no function between passes the cancellation on. Thread-safe.
#pragma once

#include <atomic>

#include "common/status.h"

namespace tamis {

class Cancellation {
 public:
  // Is cancelled with `parent`, too. It may be null and must outlive this.
  explicit Cancellation(const Cancellation* parent = nullptr) : parent_(parent) {}
  Cancellation(const Cancellation&) = delete;
  Cancellation& operator=(const Cancellation&) = delete;

  void cancel() { is_cancelled_.store(true, std::memory_order_relaxed); }
  bool is_cancelled() const {
    return is_cancelled_.load(std::memory_order_relaxed) || (parent_ != nullptr && parent_->is_cancelled());
  }

 private:
  const Cancellation* parent_;
  std::atomic<bool> is_cancelled_{false};
};

// Work on this thread may be cancelled while the scope lasts. A scope inside replaces the one around it.
class CancellationScope {
 public:
  // REQUIRES: `cancellation` outlives the scope; null: the work is not cancelled.
  explicit CancellationScope(const Cancellation* cancellation);
  ~CancellationScope();
  CancellationScope(const CancellationScope&) = delete;
  CancellationScope& operator=(const CancellationScope&) = delete;

 private:
  const Cancellation* previous_;
};

// Whether this thread's work was cancelled. False outside of a scope. Costs a load or two.
bool is_cancelled();
// True inside of a scope: a wait must then look up now and again.
bool is_cancellable();
// unavailable where this thread's work was cancelled.
Status check_cancelled();

}  // namespace tamis
