#include "models/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <new>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace tamis::models {
namespace {

// The first failure of several threads; the others stop at their next block.
class FirstFailure {
 public:
  void set(Status status) TAMIS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    if (status_.is_ok()) status_ = std::move(status);
    failed_.store(true, std::memory_order_relaxed);
  }
  bool failed() const { return failed_.load(std::memory_order_relaxed); }
  Status get() TAMIS_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return status_;
  }

 private:
  Mutex mutex_;
  Status status_ TAMIS_GUARDED_BY(mutex_);
  std::atomic<bool> failed_{false};
};

}  // namespace

Status parallel_blocks(const TrainControl& control, std::size_t count, std::size_t block,
                       const std::function<void(std::size_t begin, std::size_t end)>& body) {
  std::atomic<std::size_t> next{0};
  FirstFailure failure;
  const auto work = [&] {
    try {
      while (!failure.failed()) {
        const std::size_t begin = next.fetch_add(block, std::memory_order_relaxed);
        if (begin >= count) return;
        if (Status status = control.check(); !status.is_ok()) return failure.set(std::move(status));
        body(begin, std::min(begin + block, count));
      }
    } catch (const std::bad_alloc&) {
      failure.set(Status::resource_exhausted("out of memory"));
    } catch (const std::exception& error) {
      failure.set(Status::internal(error.what()));
    }
  };
  const std::size_t blocks = (count + block - 1) / block;
  const std::size_t threads = std::min<std::size_t>(std::max(1U, control.threads), std::max<std::size_t>(blocks, 1));
  std::vector<std::jthread> others;
  others.reserve(threads - 1);
  try {
    for (std::size_t thread = 1; thread < threads; ++thread) others.emplace_back(work);
  } catch (const std::exception& error) {  // the system refuses more threads: those that run do the work
  }
  work();
  for (std::jthread& thread : others) thread.join();
  return failure.get();
}

}  // namespace tamis::models
