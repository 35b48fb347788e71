#include "storage/commit_queue.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <thread>

#include "common/byte_budget.h"
#include "common/mutation_bytes.h"
#include "common/mutex.h"

namespace tamis::storage {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kFirstReopenDelay{50};
constexpr milliseconds kLongestReopenDelay{5'000};

}  // namespace

class CommitQueue::Impl {
 public:
  Impl(Store* store, CommitListener* listener, const CommitQueueOptions& options)
      : store_(store),
        listener_(listener),
        options_(options),
        budget_("commit_queue", "memory.commit_queue", options.max_pending_bytes),
        listened_(store->last_sequence()) {
    thread_ = std::thread([this] { run(); });
  }

  ~Impl() {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
      wake_.notify_one();
    }
    thread_.join();
  }

  void submit(std::vector<Mutation> mutations, Durability durability, Callback done) {
    const std::uint64_t bytes = memory_bytes(mutations);
    Status refusal;
    {
      MutexLock lock(mutex_);
      refusal = admit(mutations.size(), bytes);
      if (refusal.is_ok()) {
        pending_mutations_ += mutations.size();
        writers_.push_back({std::move(mutations), bytes, durability, std::move(done)});
        if (idle_) wake_.notify_one();
        return;
      }
    }
    done(std::move(refusal));
  }

  std::size_t pending_mutations() const {
    MutexLock lock(mutex_);
    return pending_mutations_;
  }
  std::uint64_t pending_bytes() const { return budget_.held_bytes(); }

  void run_exclusive(const std::function<void()>& work) {
    if (std::this_thread::get_id() == thread_.get_id()) return work();
    Exclusive exclusive;
    exclusive.work = &work;
    MutexLock lock(mutex_);
    exclusives_.push_back(&exclusive);
    if (idle_) wake_.notify_one();
    while (!exclusive.done) exclusive_done_.wait(mutex_);
    if (exclusive.error) std::rethrow_exception(exclusive.error);
  }

 private:
  struct Writer {
    std::vector<Mutation> mutations;
    std::uint64_t bytes;
    Durability durability;
    Callback done;
  };
  struct Exclusive {
    const std::function<void()>* work;
    std::exception_ptr error;  // what the work threw, for whoever asked for it
    bool done = false;
  };
  // What one turn of the committing thread has to do.
  struct Turn {
    std::vector<Writer> writers;
    std::vector<Exclusive*> exclusives;
    bool stop = false;
  };

  Status admit(std::size_t mutations, std::uint64_t bytes) TAMIS_REQUIRES(mutex_) {
    if (stopping_) return Status::unavailable("the database is closing");
    if (poisoned_) return Status::unavailable("a write failed and the store is being reopened; retry shortly");
    if (pending_mutations_ > 0 && pending_mutations_ + mutations > options_.max_pending_mutations) {
      return Status::unavailable("the write queue is full (" + std::to_string(pending_mutations_) +
                                 " mutations wait); retry shortly");
    }
    return budget_.take(bytes);
  }

  void run() {
    while (true) {
      Turn turn = next_turn();
      for (Exclusive* exclusive : turn.exclusives) finish(exclusive);
      if (!turn.writers.empty()) commit(&turn.writers);
      if (is_poisoned()) {
        refuse_waiting();
        try_reopen();
      }
      sync_if_due(turn.stop);
      if (turn.stop) return;
    }
  }

  Turn next_turn() {
    Turn turn;
    MutexLock lock(mutex_);
    idle_ = true;
    while (writers_.empty() && exclusives_.empty() && !stopping_) {
      const auto deadline = next_deadline();
      if (!deadline) {
        wake_.wait(mutex_);
      } else if (!wake_.wait_until(mutex_, *deadline)) {
        break;
      }
    }
    idle_ = false;
    turn.exclusives.swap(exclusives_);
    std::size_t mutations = 0;
    std::uint64_t bytes = 0;
    while (!writers_.empty()) {
      mutations += writers_.front().mutations.size();
      bytes += writers_.front().bytes;
      const bool is_beyond = mutations > options_.max_group_mutations || bytes > options_.max_group_bytes;
      if (!turn.writers.empty() && is_beyond) break;
      turn.writers.push_back(std::move(writers_.front()));
      writers_.pop_front();
    }
    turn.stop = stopping_ && writers_.empty();
    return turn;
  }

  // When the thread must wake by itself: to sync, or to try a reopen.
  std::optional<SteadyClock::time_point> next_deadline() const TAMIS_REQUIRES(mutex_) {
    if (poisoned_) return next_reopen_;
    return sync_due_;
  }

  void commit(std::vector<Writer>* writers) {
    std::size_t mutations = 0;
    std::uint64_t bytes = 0;
    Durability strongest = Durability::kNone;
    std::vector<std::vector<Mutation>> writes;
    writes.reserve(writers->size());
    for (Writer& writer : *writers) {
      mutations += writer.mutations.size();
      bytes += writer.bytes;
      strongest = std::min(strongest, writer.durability);  // kSync < kInterval < kNone
      writes.push_back(std::move(writer.mutations));
    }
    Result<CommittedGroup> committed = commit_and_apply(writes, strongest);
    if (committed.is_ok()) {
      if (strongest == Durability::kInterval && !sync_due_) {
        sync_due_ = SteadyClock::now() + milliseconds(options_.interval_ms);
      } else if (strongest == Durability::kSync) {
        sync_due_.reset();
      }
    } else {
      start_poisoned();
    }
    {
      MutexLock lock(mutex_);
      pending_mutations_ -= mutations;
    }
    budget_.give_back(bytes);
    for (std::size_t i = 0; i < writers->size(); ++i) {
      answer(&(*writers)[i], committed.is_ok() ? std::move(committed->acks[i]) : unknown_outcome(committed.status()));
    }
  }

  // An exception (want of memory, as a rule) leaves the store's or the listener's memory half changed: it is treated as
  // a failed write, after which both are built again from the disk.
  Result<CommittedGroup> commit_and_apply(std::span<std::vector<Mutation>> writes, Durability durability) {
    try {
      TAMIS_ASSIGN_OR_RETURN(CommittedGroup committed, store_->commit_group(writes, durability));
      std::erase_if(committed.records, [](const CommittedRecord& record) { return record.duplicate; });
      hand_over(committed.records);
      return committed;
    } catch (const std::exception& error) {
      spdlog::error("storage: a commit failed: {}", error.what());
      listener_is_behind_ = true;
      return Status::internal(error.what());
    }
  }

  static void answer(Writer* writer, Result<WriteAck> ack) {
    try {
      writer->done(std::move(ack));
    } catch (const std::exception& error) {
      spdlog::error("storage: answering a write failed: {}", error.what());
    }
  }

  static Result<WriteAck> unknown_outcome(const Status& cause) {
    return Status::unavailable("the outcome of the write is unknown (" + cause.message() +
                               "); retry it with its idempotency key");
  }

  void hand_over(std::span<const CommittedRecord> records) {
    if (records.empty()) return;
    if (listener_ != nullptr) listener_->on_commit(records);
    listened_ = records.back().sequence;
  }

  void sync_if_due(bool stopping) {
    if (!sync_due_ || is_poisoned() || (!stopping && SteadyClock::now() < *sync_due_)) return;
    sync_due_.reset();
    const Status synced = sync();
    if (!synced.is_ok()) start_poisoned();
  }

  Status sync() {
    try {
      return store_->sync();
    } catch (const std::exception& error) {
      return Status::internal(error.what());
    }
  }

  // --- after a failed write ---

  bool is_poisoned() const {
    MutexLock lock(mutex_);
    return poisoned_;
  }

  void start_poisoned() {
    MutexLock lock(mutex_);
    poisoned_ = true;
    reopen_delay_ = kFirstReopenDelay;
    next_reopen_ = SteadyClock::now();
    sync_due_.reset();
  }

  void refuse_waiting() {
    std::deque<Writer> refused;
    {
      MutexLock lock(mutex_);
      refused.swap(writers_);
      for (const Writer& writer : refused) {
        pending_mutations_ -= writer.mutations.size();
        budget_.give_back(writer.bytes);
      }
    }
    for (Writer& writer : refused) {
      answer(&writer, Status::unavailable("a write failed and the store is being reopened; retry shortly"));
    }
  }

  void try_reopen() {
    if (SteadyClock::now() < next_reopen_) return;
    Status reopened = reopen_and_catch_up();
    if (!reopened.is_ok()) {
      spdlog::error("storage: reopening failed: {}", reopened.to_string());
      next_reopen_ = SteadyClock::now() + reopen_delay_;
      reopen_delay_ = std::min(2 * reopen_delay_, kLongestReopenDelay);
      return;
    }
    MutexLock lock(mutex_);
    poisoned_ = false;
  }

  Status reopen_and_catch_up() {
    try {
      TAMIS_RETURN_IF_ERROR(store_->reopen());
      return catch_up();
    } catch (const std::exception& error) {
      listener_is_behind_ = true;
      return Status::internal(error.what());
    }
  }

  // A listener that has seen something else than the log holds starts over, and so does one whose memory is in doubt:
  // the log alone does not tell what the records that it missed did (CommittedRecord::affected).
  Status catch_up() {
    const Sequence last = store_->last_sequence();
    if (last == listened_ && !listener_is_behind_) return Status::ok();
    if (last < listened_) spdlog::error("storage: unsynced writes {} to {} were lost", last + 1, listened_);
    listened_ = last;
    if (listener_ != nullptr) listener_->on_rewind(listened_);
    listener_is_behind_ = false;
    return Status::ok();
  }

  void finish(Exclusive* exclusive) {
    std::exception_ptr error;
    try {
      (*exclusive->work)();
    } catch (...) {
      error = std::current_exception();
    }
    MutexLock lock(mutex_);
    exclusive->error = error;
    exclusive->done = true;
    exclusive_done_.notify_all();
  }

  Store* const store_;
  CommitListener* const listener_;
  const CommitQueueOptions options_;
  ByteBudget budget_;

  mutable Mutex mutex_;
  CondVar wake_;
  CondVar exclusive_done_;
  std::deque<Writer> writers_ TAMIS_GUARDED_BY(mutex_);
  std::vector<Exclusive*> exclusives_ TAMIS_GUARDED_BY(mutex_);
  std::size_t pending_mutations_ TAMIS_GUARDED_BY(mutex_) = 0;
  bool idle_ TAMIS_GUARDED_BY(mutex_) = false;  // the thread sleeps, or is about to
  bool stopping_ TAMIS_GUARDED_BY(mutex_) = false;
  bool poisoned_ TAMIS_GUARDED_BY(mutex_) = false;

  // Of the committing thread.
  Sequence listened_;                // the last sequence that the listener was told of
  bool listener_is_behind_ = false;  // it failed in the midst of a record
  std::optional<SteadyClock::time_point> sync_due_;
  SteadyClock::time_point next_reopen_;
  milliseconds reopen_delay_ = kFirstReopenDelay;

  std::thread thread_;
};

CommitQueue::CommitQueue(Store* store, CommitListener* listener, const CommitQueueOptions& options)
    : impl_(std::make_unique<Impl>(store, listener, options)) {}

CommitQueue::~CommitQueue() = default;

void CommitQueue::submit(std::vector<Mutation> mutations, Durability durability, Callback done) {
  impl_->submit(std::move(mutations), durability, std::move(done));
}

Result<WriteAck> CommitQueue::commit(std::vector<Mutation> mutations, Durability durability) {
  struct Answer {
    Mutex mutex;
    CondVar ready;
    std::optional<Result<WriteAck>> ack TAMIS_GUARDED_BY(mutex);
  } answer;
  impl_->submit(std::move(mutations), durability, [&answer](Result<WriteAck> ack) {
    MutexLock lock(answer.mutex);
    answer.ack = std::move(ack);
    answer.ready.notify_one();
  });
  MutexLock lock(answer.mutex);
  while (!answer.ack) answer.ready.wait(answer.mutex);
  return std::move(*answer.ack);
}

std::size_t CommitQueue::pending_mutations() const { return impl_->pending_mutations(); }
std::uint64_t CommitQueue::pending_bytes() const { return impl_->pending_bytes(); }

void CommitQueue::run_exclusive(const std::function<void()>& work) { impl_->run_exclusive(work); }

}  // namespace tamis::storage
