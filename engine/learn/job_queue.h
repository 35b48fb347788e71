// JobQueue: the jobs of one kind of one database: trainings, or evaluations. First in, first out, one at a time, on a
// thread of lower priority, so that learning takes the processor time that queries leave. Remembers the last
// kMaxFinishedJobs.
//
// Thread-safe. A job that is cancelled while it waits never runs; one that runs is told through JobRun::cancelled().
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/status.h"
#include "engine/requests.h"

namespace tamis::engine {

class JobQueue;

// What a job's work sees of its own run. Progress is over the whole job and never goes back.
class JobRun {
 public:
  const std::string& id() const { return id_; }
  void report(double progress, std::string_view stage, std::string_view detail);
  void set_generation(std::string_view generation);
  void set_rejected();  // the job ends as kRejected where its work succeeds
  void warn(const std::string& warning);
  void set_result(std::string result);  // a JSON document
  const std::atomic<bool>* cancelled() const { return &cancelled_; }

 private:
  friend class JobQueue;
  JobRun(JobQueue* queue, std::string id) : queue_(queue), id_(std::move(id)) {}
  JobQueue* queue_;
  std::string id_;
  std::atomic<bool> cancelled_ = false;
};

class JobQueue {
 public:
  static constexpr std::size_t kMaxFinishedJobs = 100;
  static constexpr std::size_t kMaxWaitingJobs = 100;

  // Does the job and gives the detail to show for it ("promoted g4"). A failure becomes the job's detail, too.
  using Work = std::function<Result<std::string>(JobRun&)>;
  // Told of the end of each job that ran, on the job's thread.
  using EndCallback = std::function<void(const Job&)>;

  // Of jobs of `kind`, whose ids are "<prefix><number>". REQUIRES: clock outlives the queue.
  JobQueue(const Clock* clock, EndCallback on_end, std::string kind = "train", std::string prefix = "j");
  ~JobQueue();  // as shut_down()

  // Queues work as job "<prefix><number>". REQUIRES: numbers are not repeated. unavailable: full or shutting down.
  // `key` says what the work is: equal keys mean equal work.
  Result<Job> submit(std::uint64_t number, Work work, std::string key = {});
  // A job of that key which waits still; nothing where there is none.
  std::optional<Job> find_waiting(std::string_view key) const;
  // Cancels what waits and what runs, and joins the thread. Further jobs are refused.
  void shut_down();

  Result<Job> get(std::string_view id) const;
  std::vector<Job> list() const;  // newest first
  // failed_precondition where the job has ended, not_found where it is unknown.
  Status cancel(std::string_view id);
  // Waits until state, progress, stage or detail differ from `seen`, or the timeout; the job as it is then.
  Result<Job> wait(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const;
  // Calls `changed` whenever any job changes, until the result goes away. On the thread that changes it, under the
  // queue's lock: it must neither block nor call back. The result may outlive the queue.
  std::shared_ptr<void> watch(std::function<void()> changed) const;
  bool is_idle() const;  // nothing waits or runs

 private:
  friend class JobRun;
  struct Entry {
    Job job;
    Work work;  // empty once it ran
    std::string key = {};
    bool rejected = false;
    std::shared_ptr<JobRun> run;  // shared by the thread and those who cancel
  };

  class Watchers;

  void run_jobs();
  void tell() TAMIS_REQUIRES(mutex_);  // wakes those who wait, calls those who watch
  void set_rejected(const std::string& id);
  void update(const std::string& id, const std::function<void(Job&)>& change);
  void finish(Entry& entry, JobState state, std::string detail) TAMIS_REQUIRES(mutex_);
  // finish() by what the work came to.
  void finish(Entry& entry, Result<std::string> done, bool was_cancelled) TAMIS_REQUIRES(mutex_);
  void forget_old_jobs() TAMIS_REQUIRES(mutex_);
  Entry* find(std::string_view id) TAMIS_REQUIRES(mutex_);
  const Entry* find(std::string_view id) const TAMIS_REQUIRES(mutex_);

  const Clock* clock_;
  const EndCallback on_end_;
  const std::string kind_;
  const std::string prefix_;
  const std::shared_ptr<Watchers> watchers_;
  mutable Mutex mutex_;
  mutable CondVar changed_;
  std::deque<Entry> entries_ TAMIS_GUARDED_BY(mutex_);  // oldest first
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace tamis::engine
