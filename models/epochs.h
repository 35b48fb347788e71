// What trainers share: the outer loop over epochs, with progress, and the time that a training may take.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <functional>

#include "common/status.h"
#include "models/option_table.h"
#include "models/train_control.h"

namespace tamis::models {

// The time that a training may take, from its construction on: of the constructing thread, which must run the training,
// while it computes. What it cuts short depends on the machine's speed, not on what else the machine does. Thread-safe.
class TimeLimit {
 public:
  explicit TimeLimit(double max_s = 0) : max_s_(max_s) {  // 0: none
    if (::pthread_getcpuclockid(::pthread_self(), &clock_) != 0) clock_ = CLOCK_MONOTONIC;
    start_s_ = now_s();
  }

  bool is_over() const { return max_s_ > 0 && seconds() >= max_s_; }
  // The share of a training that is over (0..1): `by_steps`, or that of its time where that is more. A learning rate
  // that falls with it reaches its end when the time does. A tenth of the time is slack, so that a training for which
  // the time suffices depends on nothing but its steps.
  double share_done(double by_steps) const {
    if (max_s_ <= 0) return by_steps;
    return std::clamp((seconds() / max_s_ - kSlack) / (1 - kSlack), by_steps, 1.0);
  }

 private:
  static constexpr double kSlack = 0.1;
  double now_s() const {
    std::timespec time{};
    ::clock_gettime(clock_, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
  }
  double seconds() const { return now_s() - start_s_; }

  double max_s_;
  ::clockid_t clock_ = CLOCK_MONOTONIC;
  double start_s_ = 0;
};

// The option that gives the limit: `max_train_s`, 0 (none) by default.
ModelOption time_limit_option();

// Calls `epoch(index)`, which gives the mean loss, `epochs` times, or until the limit is over; reports each with its
// loss and seconds, then calls `done(number, loss)`, which may be empty. Stops at the first error.
Status run_epochs(std::uint32_t epochs, const TimeLimit& limit, const TrainControl& control,
                  const std::function<Result<double>(std::uint32_t index)>& epoch,
                  const std::function<void(std::uint32_t number, double loss)>& done);

}  // namespace tamis::models
