// ScheduleTimer: a thread that asks, a few times a second, whether something is due. It asks rather than sleeps to a
// moment so that clocks may be set, and be those of a test.
#pragma once

#include <functional>
#include <thread>

#include "common/mutex.h"

namespace tamis::engine {

// Thread-safe. `tick` is called on the timer's thread.
class ScheduleTimer {
 public:
  explicit ScheduleTimer(std::function<void()> tick);
  ~ScheduleTimer();  // waits for a running tick

 private:
  void run();

  const std::function<void()> tick_;
  Mutex mutex_;
  CondVar stop_;
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tamis::engine
