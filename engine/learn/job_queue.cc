#include "engine/learn/job_queue.h"

#include <algorithm>
#include <exception>
#include <map>
#include <new>

#include "common/thread_priority.h"

namespace tamis::engine {
namespace {

bool has_ended(const Job& job) { return job.state != JobState::kQueued && job.state != JobState::kRunning; }

bool looks_the_same(const Job& a, const Job& b) {
  return a.state == b.state && a.progress == b.progress && a.stage == b.stage && a.detail == b.detail;
}

Status unknown_job(std::string_view id) {
  return Status::not_found("no job '" + std::string(id) + "'; the last " + std::to_string(JobQueue::kMaxFinishedJobs) +
                           " since the start are kept");
}

}  // namespace

void JobRun::report(double progress, std::string_view stage, std::string_view detail) {
  queue_->update(id_, [&](Job& job) {
    job.progress = std::max(job.progress, std::clamp(progress, 0.0, 1.0));
    job.stage = stage;
    job.detail = detail;
  });
}

void JobRun::set_generation(std::string_view generation) {
  queue_->update(id_, [&](Job& job) { job.generation = generation; });
}

void JobRun::set_rejected() { queue_->set_rejected(id_); }

void JobRun::warn(const std::string& warning) {
  queue_->update(id_, [&](Job& job) { job.warnings.push_back(warning); });
}

void JobRun::set_result(std::string result) {
  queue_->update(id_, [&](Job& job) { job.result = std::move(result); });
}

// Who watches, by number. Thread-safe.
class JobQueue::Watchers {
 public:
  std::uint64_t add(std::function<void()> changed) {
    MutexLock lock(mutex_);
    watchers_.emplace(++last_, std::move(changed));
    return last_;
  }
  void remove(std::uint64_t number) {
    MutexLock lock(mutex_);
    watchers_.erase(number);
  }
  void tell() const {
    MutexLock lock(mutex_);
    for (const auto& [number, changed] : watchers_) changed();
  }

 private:
  mutable Mutex mutex_;
  std::uint64_t last_ TAMIS_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::function<void()>> watchers_ TAMIS_GUARDED_BY(mutex_);
};

std::shared_ptr<void> JobQueue::watch(std::function<void()> changed) const {
  const std::uint64_t number = watchers_->add(std::move(changed));
  return {nullptr, [watchers = watchers_, number](void*) { watchers->remove(number); }};
}

void JobQueue::tell() {
  changed_.notify_all();
  watchers_->tell();
}

JobQueue::JobQueue(const Clock* clock, EndCallback on_end, std::string kind, std::string prefix)
    : clock_(clock),
      on_end_(std::move(on_end)),
      kind_(std::move(kind)),
      prefix_(std::move(prefix)),
      watchers_(std::make_shared<Watchers>()) {
  thread_ = std::thread([this] { run_jobs(); });
}

JobQueue::~JobQueue() { shut_down(); }

Result<Job> JobQueue::submit(std::uint64_t number, Work work, std::string key) {
  MutexLock lock(mutex_);
  if (stopping_) return Status::unavailable("the database is closing");
  const auto waiting = std::count_if(entries_.begin(), entries_.end(),
                                     [](const Entry& entry) { return entry.job.state == JobState::kQueued; });
  if (static_cast<std::size_t>(waiting) >= kMaxWaitingJobs)
    return Status::unavailable(std::to_string(waiting) + " jobs are waiting already; try again later");
  Entry entry;
  entry.job.id = prefix_ + std::to_string(number);
  entry.job.kind = kind_;
  entry.job.created_ms = clock_->now_ms();
  entry.work = std::move(work);
  entry.key = std::move(key);
  entry.run = std::shared_ptr<JobRun>(new JobRun(this, entry.job.id));
  Job job = entry.job;
  entries_.push_back(std::move(entry));
  forget_old_jobs();
  tell();
  return job;
}

std::optional<Job> JobQueue::find_waiting(std::string_view key) const {
  MutexLock lock(mutex_);
  for (const Entry& entry : entries_)
    if (entry.job.state == JobState::kQueued && entry.key == key) return entry.job;
  return std::nullopt;
}

void JobQueue::set_rejected(const std::string& id) {
  MutexLock lock(mutex_);
  if (Entry* entry = find(id)) entry->rejected = true;
}

void JobQueue::shut_down() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    for (Entry& entry : entries_) {
      entry.run->cancelled_.store(true, std::memory_order_relaxed);
      if (entry.job.state == JobState::kQueued) finish(entry, JobState::kCancelled, "the database is closing");
    }
    tell();
  }
  if (thread_.joinable()) thread_.join();
}

Result<Job> JobQueue::get(std::string_view id) const {
  MutexLock lock(mutex_);
  const Entry* entry = find(id);
  if (entry == nullptr) return unknown_job(id);
  return entry->job;
}

std::vector<Job> JobQueue::list() const {
  MutexLock lock(mutex_);
  std::vector<Job> jobs;
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) jobs.push_back(entry->job);
  return jobs;
}

Status JobQueue::cancel(std::string_view id) {
  MutexLock lock(mutex_);
  Entry* entry = find(id);
  if (entry == nullptr) return unknown_job(id);
  if (has_ended(entry->job))
    return Status::failed_precondition("job '" + std::string(id) +
                                       "' has ended: " + std::string(job_state_name(entry->job.state)));
  entry->run->cancelled_.store(true, std::memory_order_relaxed);
  if (entry->job.state == JobState::kQueued) finish(*entry, JobState::kCancelled, "cancelled before it ran");
  tell();
  return Status::ok();
}

Result<Job> JobQueue::wait(std::string_view id, const Job& seen, std::chrono::milliseconds timeout) const {
  constexpr std::chrono::hours kLongest{24};  // keeps the deadline from overflowing
  const auto deadline = std::chrono::steady_clock::now() + std::min<std::chrono::milliseconds>(timeout, kLongest);
  MutexLock lock(mutex_);
  while (true) {
    const Entry* entry = find(id);
    if (entry == nullptr) return unknown_job(id);
    if (!looks_the_same(entry->job, seen) || stopping_) return entry->job;
    if (!changed_.wait_until(mutex_, deadline)) {
      entry = find(id);
      if (entry == nullptr) return unknown_job(id);
      return entry->job;
    }
  }
}

bool JobQueue::is_idle() const {
  MutexLock lock(mutex_);
  return std::all_of(entries_.begin(), entries_.end(), [](const Entry& entry) { return has_ended(entry.job); });
}

void JobQueue::run_jobs() {
  lower_thread_priority();
  while (true) {
    std::shared_ptr<JobRun> run;
    Work work;
    {
      MutexLock lock(mutex_);
      Entry* next = nullptr;
      while (next == nullptr) {
        if (stopping_) return;
        const auto queued = std::find_if(entries_.begin(), entries_.end(),
                                         [](const Entry& entry) { return entry.job.state == JobState::kQueued; });
        if (queued != entries_.end())
          next = &*queued;
        else
          changed_.wait(mutex_);
      }
      next->job.state = JobState::kRunning;
      next->job.started_ms = clock_->now_ms();
      run = next->run;
      work = std::move(next->work);
      tell();
    }

    Result<std::string> done = Status::internal("the job did not run");
    try {
      done = work(*run);
    } catch (const std::bad_alloc&) {
      done = Status::resource_exhausted("the job ran out of memory");
    } catch (const std::exception& error) {
      done = Status::internal(std::string("the job failed: ") + error.what());
    }

    Job ended;
    {
      MutexLock lock(mutex_);
      const bool cancelled = run->cancelled_.load(std::memory_order_relaxed);
      Entry* entry = find(run->id());
      finish(*entry, std::move(done), cancelled);
      ended = entry->job;
      forget_old_jobs();
      tell();
    }
    if (on_end_) on_end_(ended);
  }
}

void JobQueue::update(const std::string& id, const std::function<void(Job&)>& change) {
  MutexLock lock(mutex_);
  if (Entry* entry = find(id)) change(entry->job);
  tell();
}

void JobQueue::finish(Entry& entry, JobState state, std::string detail) {
  entry.job.state = state;
  entry.job.detail = std::move(detail);
  entry.job.finished_ms = clock_->now_ms();
  if (state == JobState::kSucceeded || state == JobState::kRejected) entry.job.progress = 1;
  entry.work = nullptr;
}

void JobQueue::finish(Entry& entry, Result<std::string> done, bool was_cancelled) {
  if (done.is_ok()) {
    finish(entry, entry.rejected ? JobState::kRejected : JobState::kSucceeded, std::move(*done));
  } else if (was_cancelled) {
    finish(entry, JobState::kCancelled, "cancelled");
  } else {
    entry.job.failure = done.status();
    finish(entry, JobState::kFailed, done.status().to_string());
  }
}

void JobQueue::forget_old_jobs() {
  auto finished =
      std::count_if(entries_.begin(), entries_.end(), [](const Entry& entry) { return has_ended(entry.job); });
  for (auto oldest = entries_.begin(); finished > static_cast<std::ptrdiff_t>(kMaxFinishedJobs);) {
    if (has_ended(oldest->job)) {
      oldest = entries_.erase(oldest);
      --finished;
    } else {
      ++oldest;
    }
  }
}

JobQueue::Entry* JobQueue::find(std::string_view id) {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.job.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

const JobQueue::Entry* JobQueue::find(std::string_view id) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.job.id == id; });
  return found == entries_.end() ? nullptr : &*found;
}

}  // namespace tamis::engine
