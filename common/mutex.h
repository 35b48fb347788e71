// std::mutex and friends, dressed as Clang thread-safety capabilities
// (https://clang.llvm.org/docs/ThreadSafetyAnalysis.html), so that -Werror=thread-safety proves which lock guards which
// member. Elsewhere the annotations vanish.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>

#if defined(__clang__)
#define TAMIS_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define TAMIS_THREAD_ANNOTATION(x)
#endif

#define TAMIS_CAPABILITY(name) TAMIS_THREAD_ANNOTATION(capability(name))
#define TAMIS_SCOPED_CAPABILITY TAMIS_THREAD_ANNOTATION(scoped_lockable)
#define TAMIS_GUARDED_BY(mutex) TAMIS_THREAD_ANNOTATION(guarded_by(mutex))
#define TAMIS_PT_GUARDED_BY(mutex) TAMIS_THREAD_ANNOTATION(pt_guarded_by(mutex))
#define TAMIS_REQUIRES(...) TAMIS_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define TAMIS_REQUIRES_SHARED(...) TAMIS_THREAD_ANNOTATION(requires_shared_capability(__VA_ARGS__))
#define TAMIS_EXCLUDES(...) TAMIS_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define TAMIS_ACQUIRE(...) TAMIS_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define TAMIS_ACQUIRE_SHARED(...) TAMIS_THREAD_ANNOTATION(acquire_shared_capability(__VA_ARGS__))
#define TAMIS_RELEASE(...) TAMIS_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define TAMIS_RELEASE_SHARED(...) TAMIS_THREAD_ANNOTATION(release_shared_capability(__VA_ARGS__))
#define TAMIS_RELEASE_GENERIC(...) TAMIS_THREAD_ANNOTATION(release_generic_capability(__VA_ARGS__))
#define TAMIS_TRY_ACQUIRE(...) TAMIS_THREAD_ANNOTATION(try_acquire_capability(__VA_ARGS__))
#define TAMIS_NO_THREAD_SAFETY_ANALYSIS TAMIS_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace tamis {

class TAMIS_CAPABILITY("mutex") Mutex {
 public:
  void lock() TAMIS_ACQUIRE() { mutex_.lock(); }
  void unlock() TAMIS_RELEASE() { mutex_.unlock(); }
  bool try_lock() TAMIS_TRY_ACQUIRE(true) { return mutex_.try_lock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class TAMIS_CAPABILITY("shared_mutex") SharedMutex {
 public:
  void lock() TAMIS_ACQUIRE() { mutex_.lock(); }
  void unlock() TAMIS_RELEASE() { mutex_.unlock(); }
  void lock_shared() TAMIS_ACQUIRE_SHARED() { mutex_.lock_shared(); }
  void unlock_shared() TAMIS_RELEASE_SHARED() { mutex_.unlock_shared(); }

 private:
  std::shared_mutex mutex_;
};

// Holds a Mutex for a scope.
class TAMIS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) TAMIS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() TAMIS_RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

class TAMIS_SCOPED_CAPABILITY ReaderLock {
 public:
  explicit ReaderLock(SharedMutex& mutex) TAMIS_ACQUIRE_SHARED(mutex) : mutex_(mutex) { mutex_.lock_shared(); }
  ~ReaderLock() TAMIS_RELEASE_GENERIC() { mutex_.unlock_shared(); }
  ReaderLock(const ReaderLock&) = delete;
  ReaderLock& operator=(const ReaderLock&) = delete;

 private:
  SharedMutex& mutex_;
};

class TAMIS_SCOPED_CAPABILITY WriterLock {
 public:
  explicit WriterLock(SharedMutex& mutex) TAMIS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~WriterLock() TAMIS_RELEASE() { mutex_.unlock(); }
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  SharedMutex& mutex_;
};

// A condition variable for Mutex. Wait in a loop that re-tests the condition.
class CondVar {
 public:
  void wait(Mutex& mutex) TAMIS_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  // False where the deadline passed first.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point deadline) TAMIS_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool notified = condition_.wait_until(lock, deadline) == std::cv_status::no_timeout;
    lock.release();
    return notified;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace tamis
