#include "engine/replay/replay.h"

#include <optional>
#include <string>
#include <utility>

#include "common/cancellation.h"
#include "engine/live/live_state.h"
#include "engine/query/query.h"
#include "engine/recovery/prepare_serving.h"
#include "engine/replay/replay_store.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kRecounted = 1'000'000;  // interactions at a time
constexpr Sequence kMeasuredRecords = 65'536;  // between two looks at the memory

}  // namespace

// Owns a clock that stands where the log was written, so that what was applied then is applied alike.
class Replay::Past {
 public:
  explicit Past(const DatabaseOptions& options) : options_(options), live_(&options_, &store_) {
    options_.clock = &clock_;
    live_.publish([](ReadState& state) { state.exact_search = true; });
  }

  Sequence sequence() const { return store_.last_sequence(); }
  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = store_.memory_bytes();
    for (const auto& [part, held] : live_.memory_parts()) bytes += held;
    return bytes;
  }

  Status apply(const storage::CommittedRecord& record) {
    clock_.set(record.committed_ms);
    storage::CommittedRecord completed = record;
    TAMIS_RETURN_IF_ERROR(store_.absorb(&completed));
    live_.apply({&completed, 1});
    while (live_.is_recounting() && !live_.recount_some(kRecounted)) {
    }
    return Status::ok();
  }

  Status serve(const std::string& generation, Trainer* trainer) {
    if (generation_ == generation) return Status::ok();
    std::shared_ptr<const Generation> loaded;
    if (!generation.empty()) {
      TAMIS_ASSIGN_OR_RETURN(loaded, trainer->load_generation(generation));
    }
    const std::filesystem::path no_files;  // indexes are built
    TAMIS_ASSIGN_OR_RETURN(const Serving serving,
                           prepare_serving(std::move(loaded), options_, live_, no_files, sequence()));
    publish_serving(serving, &live_);
    generation_ = generation;
    return Status::ok();
  }

  std::shared_ptr<const ReadState> pin() const { return live_.pin(); }

 private:
  ManualClock clock_{0};
  DatabaseOptions options_;
  ReplayStore store_;
  LiveState live_;
  std::string generation_;
};

Replay::Replay(const storage::Store* store, Trainer* trainer, const DatabaseOptions& options)
    : store_(store), trainer_(trainer), options_(options) {}
Replay::~Replay() = default;

Status Replay::roll_to(Sequence sequence) {
  if (store_->first_log_sequence() > 1) {
    return Status::failed_precondition(
               "a past answer is replayed from the first write on, and the log begins with "
               "sequence " +
               std::to_string(store_->first_log_sequence()) +
               " now (storage.log_retention, storage.log_retention_bytes)")
        .at_field("as_of");
  }
  if (past_ == nullptr || past_->sequence() > sequence) past_ = std::make_unique<Past>(options_);
  if (past_->sequence() == sequence) return Status::ok();
  Past& past = *past_;
  Status applied;
  Status read = store_->read_log(past.sequence() + 1, [&](const storage::CommittedRecord& record) {
    if (record.sequence > sequence) return false;
    applied = check_cancelled();
    if (!applied.is_ok()) return false;  // what was rebuilt so far is kept for the next request
    applied = past.apply(record);
    if (applied.is_ok() && record.sequence % kMeasuredRecords == 0) applied = check_memory(past);
    return applied.is_ok() && record.sequence < sequence;
  });
  if (!read.is_ok()) return read;
  if (!applied.is_ok() && !is_cancelled()) drop();
  return applied;
}

Status Replay::check_memory(const Past& past) {
  const std::uint64_t bytes = past.memory_bytes();
  memory_bytes_.store(bytes, std::memory_order_relaxed);
  if (bytes <= options_.memory.replay_bytes) return Status::ok();
  return Status::resource_exhausted("memory.replay: the database as of sequence " + std::to_string(past.sequence()) +
                                    " takes " + std::to_string(bytes) + " of " +
                                    std::to_string(options_.memory.replay_bytes) +
                                    " bytes; a past answer needs it in memory");
}

void Replay::drop() {
  past_.reset();
  memory_bytes_.store(0, std::memory_order_relaxed);
}

Result<RecommendAnswer> Replay::recommend(const RecommendRequest& request) {
  const Sequence sequence = request.as_of_sequence.value_or(0);
  if (sequence > store_->last_sequence())
    return Status::invalid_argument("as_of_sequence is " + std::to_string(sequence) + "; the last write has sequence " +
                                    std::to_string(store_->last_sequence()))
        .at_field("as_of_sequence");
  if (!request.as_of_ms)
    return Status::invalid_argument("a past answer needs the time it was served at (served_at of the answer)")
        .at_field("as_of");
  RecommendRequest asked = request;
  asked.dry_run = true;
  MutexLock lock(mutex_);
  TAMIS_RETURN_IF_ERROR(check_cancelled());  // others may have held it for long
  TAMIS_RETURN_IF_ERROR(roll_to(sequence));
  TAMIS_RETURN_IF_ERROR(past_->serve(request.generation, trainer_));
  if (Status room = check_memory(*past_); !room.is_ok()) {
    drop();
    return room;
  }
  const auto state = past_->pin();
  state->item_statistics->refresh(*request.as_of_ms);  // a list of a while ago would be of another sequence
  return engine::recommend(*state, asked, sequence, nullptr);
}

void Replay::forget() {
  MutexLock lock(mutex_);
  drop();
}

}  // namespace tamis::engine
