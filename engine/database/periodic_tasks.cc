#include "engine/database/periodic_tasks.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>
#include <utility>

namespace tamis::engine {

PeriodicTasks::PeriodicTasks(std::vector<Task> tasks) : tasks_(std::move(tasks)), thread_([this] { loop(); }) {}

PeriodicTasks::~PeriodicTasks() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.notify_all();
  }
  thread_.join();
}

void PeriodicTasks::loop() {
  using Clock = std::chrono::steady_clock;
  std::vector<Clock::time_point> due;
  for (const Task& task : tasks_) due.push_back(Clock::now() + task.period);
  while (!tasks_.empty()) {
    const auto next = static_cast<std::size_t>(std::min_element(due.begin(), due.end()) - due.begin());
    {
      MutexLock lock(mutex_);
      while (!stopping_ && Clock::now() < due[next]) wake_.wait_until(mutex_, due[next]);
      if (stopping_) return;
    }
    try {
      tasks_[next].run();
    } catch (const std::exception& error) {  // want of memory, as a rule; the next turn may find more
      spdlog::error("upkeep failed and is tried again at its next turn: {}", error.what());
    }
    due[next] = Clock::now() + tasks_[next].period;
  }
}

}  // namespace tamis::engine
