#include "engine/learn/schedule_timer.h"

#include <chrono>

namespace tamis::engine {
namespace {

constexpr std::chrono::milliseconds kPeriod{200};

}  // namespace

ScheduleTimer::ScheduleTimer(std::function<void()> tick) : tick_(std::move(tick)) {
  thread_ = std::thread([this] { run(); });
}

ScheduleTimer::~ScheduleTimer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    stop_.notify_all();
  }
  thread_.join();
}

void ScheduleTimer::run() {
  while (true) {
    {
      const auto deadline = std::chrono::steady_clock::now() + kPeriod;
      MutexLock lock(mutex_);
      while (!stopping_ && stop_.wait_until(mutex_, deadline)) {
      }
      if (stopping_) return;
    }
    tick_();
  }
}

}  // namespace tamis::engine
