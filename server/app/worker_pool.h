// WorkerPool: threads for work that must not run on I/O threads, behind a bounded queue. Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace tamis::server {

class WorkerPool {
 public:
  // `niceness` as setpriority() takes it: 0 as all else, above it the threads run where others leave time.
  WorkerPool(std::string name, std::size_t threads, std::size_t max_queued, int niceness = 0);
  ~WorkerPool();  // stop()

  // False where the queue is full or the pool has stopped: answer 503 and let the client retry.
  [[nodiscard]] bool try_submit(std::function<void()> work) TAMIS_EXCLUDES(mutex_);
  std::size_t queued() const TAMIS_EXCLUDES(mutex_);
  // Drops what is queued and waits for what runs: cancel it first. Called by one thread; a second call does nothing.
  void stop() TAMIS_EXCLUDES(mutex_);

 private:
  void run(int niceness) TAMIS_EXCLUDES(mutex_);

  const std::size_t max_queued_;
  mutable Mutex mutex_;
  CondVar wake_;
  std::deque<std::function<void()>> queue_ TAMIS_GUARDED_BY(mutex_);
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace tamis::server
