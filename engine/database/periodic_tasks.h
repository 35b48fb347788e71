// PeriodicTasks: one background thread that runs a few tasks, each every so often.
#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace tamis::engine {

// A task that overruns its period delays the others and is not run twice for it. The destructor waits for the task that
// runs. Thread-safe.
class PeriodicTasks {
 public:
  struct Task {
    std::chrono::milliseconds period;
    std::function<void()> run;
  };
  explicit PeriodicTasks(std::vector<Task> tasks);
  ~PeriodicTasks();
  PeriodicTasks(const PeriodicTasks&) = delete;
  PeriodicTasks& operator=(const PeriodicTasks&) = delete;

 private:
  void loop();

  std::vector<Task> tasks_;
  Mutex mutex_;
  CondVar wake_;
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tamis::engine
