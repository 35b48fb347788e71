// FirstFailure: what went wrong first in the blocks of a parallel loop. Thread-safe.
#pragma once

#include <utility>

#include "common/mutex.h"
#include "common/status.h"

namespace tamis::ranker {

class FirstFailure {
 public:
  void add(Status status) {
    if (status.is_ok()) return;
    MutexLock lock(mutex_);
    if (status_.is_ok()) status_ = std::move(status);
  }
  Status status() const {
    MutexLock lock(mutex_);
    return status_;
  }

 private:
  mutable Mutex mutex_;
  Status status_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::ranker
