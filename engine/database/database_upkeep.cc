// Background work: the sweep of expired entities, the memory figure, live recall, the index files.
#include <spdlog/spdlog.h>

#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/live/space_index.h"
#include "engine/recovery/counter_file.h"
#include "engine/recovery/first_seen.h"
#include "engine/recovery/index_files.h"
#include "engine/recovery/prepare_serving.h"

namespace tamis::engine {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSweepPeriod(200);
constexpr milliseconds kMemoryPeriod(100);
constexpr milliseconds kRankingPeriod(200);
constexpr milliseconds kRecountPeriod(100);
constexpr milliseconds kRatingPeriod(500);
constexpr milliseconds kImpressionPeriod(100);
constexpr milliseconds kPrunePeriod(60'000);
constexpr milliseconds kSavePeriod(300'000);
constexpr milliseconds kCounterPeriod(1'000);
constexpr Sequence kManyCounted = 500'000;  // records that a start counts in about two seconds
constexpr std::size_t kSweepBatch = 1'000;

// The generation whose encoder filled the space; none for external ones.
std::string maker_of(const ReadState& state, const std::string& space) {
  return state.generation != nullptr && state.generation->encoder(space) != nullptr
             ? index_maker(*state.generation, state.options->online)
             : "";
}

// Gives claimed entities back, whatever happens to the sweep: their writers wait for it.
struct Releaser {
  ~Releaser() { queue.release(due); }
  ExpiryQueue& queue;
  const std::vector<ExpiryQueue::Due>& due;
};

}  // namespace

void DatabaseImpl::start_upkeep() {
  std::vector<PeriodicTasks::Task> upkeep = {
      {kMemoryPeriod, [this] { measure_memory(); }},
      {kRankingPeriod, [this] { live()->item_statistics().refresh_wanted(options_.clock->now_ms()); }}};
  std::vector<PeriodicTasks::Task> index_care;
  if (!options_.read_only) {
    upkeep.push_back({kSweepPeriod, [this] { sweep_expired(); }});
    upkeep.push_back(
        {kRecountPeriod, [this] { recount_until(std::chrono::steady_clock::now() + kRecountPeriod / 2); }});
    upkeep.push_back({kRatingPeriod, [this] { fit_rating_type(); }});
    upkeep.push_back({kImpressionPeriod, [this] { impressions_->write_pending(); }});
    index_care.push_back({kPrunePeriod, [this] {
                            const Status pruned = impressions_->prune();
                            if (!pruned.is_ok()) spdlog::warn("impressions are not pruned: {}", pruned.to_string());
                          }});
    index_care.push_back({kSavePeriod, [this] {
                            const Status saved = save_indexes();
                            if (!saved.is_ok()) spdlog::warn("index files are not saved: {}", saved.to_string());
                          }});
  }
  if (!options_.read_only) {
    index_care.push_back({kCounterPeriod, [this] {
                            const Status saved = save_many_counted();
                            if (!saved.is_ok()) spdlog::warn("counters are not saved: {}", saved.to_string());
                          }});
  }
  if (options_.index.recall_interval_ms > 0) {
    index_care.push_back({milliseconds(options_.index.recall_interval_ms), [this] { measure_recall(); }});
  }
  upkeep_ = std::make_unique<PeriodicTasks>(std::move(upkeep));
  index_care_ = std::make_unique<PeriodicTasks>(std::move(index_care));
}

void DatabaseImpl::sweep_expired() {
  const auto swept_live = live();
  const auto due = swept_live->expiries().claim(options_.clock->now_ms(), kSweepBatch);
  if (due.empty()) return;
  const Releaser releaser{swept_live->expiries(), due};
  for (const auto& entity : due) {
    // One by one: an entity that a client deletes at the same moment fails this write alone.
    std::vector<Mutation> erase = {DeleteEntity{entity.kind, store_->ids(entity.kind).name(entity.id)}};
    WriteClaims claims(swept_live, store_.get());
    claims.take(erase);
    const Status swept = queue_->commit(std::move(erase), Durability::kInterval).status();
    if (!swept.is_ok() && swept.code() != StatusCode::kNotFound) {
      spdlog::warn("an expired entity is not swept yet: {}", swept.to_string());
      break;
    }
  }
}

std::map<std::string, std::uint64_t> DatabaseImpl::memory_parts() const {
  auto parts = live()->memory_parts();
  parts["impressions"] = impressions_->memory_bytes();
  parts["commit_queue"] = queue_->pending_bytes();
  parts["replay"] = is_ready() ? replay_->memory_bytes() : 0;
  MutexLock lock(counted_mutex_);
  for (const auto& [part, budget] : counted_) parts[part] = budget->held_bytes();
  return parts;
}

std::map<std::string, std::uint64_t> DatabaseImpl::memory_part_limits() const {
  std::map<std::string, std::uint64_t> limits = {{"histories", options_.memory.history_cache_bytes},
                                                 {"embedding_cache", options_.memory.embedding_cache_bytes},
                                                 {"ranker_items", options_.memory.ranker_items_bytes},
                                                 {"replay", options_.memory.replay_bytes},
                                                 {"commit_queue", options_.memory.commit_queue_bytes}};
  MutexLock lock(counted_mutex_);
  for (const auto& [part, budget] : counted_) limits[part] = budget->limit_bytes();
  return limits;
}

void DatabaseImpl::count_memory(std::shared_ptr<const ByteBudget> budget) {
  MutexLock lock(counted_mutex_);
  counted_[budget->part()] = std::move(budget);
}

void DatabaseImpl::measure_memory() {
  // Attributes with many distinct values take long to measure: at most a twentieth of the time goes into it.
  const auto start = std::chrono::steady_clock::now();
  if (start < next_measure_) return;
  std::uint64_t sum = 0;
  for (const auto& [part, bytes] : memory_parts()) sum += bytes;
  memory_bytes_.store(sum, std::memory_order_relaxed);
  const auto end = std::chrono::steady_clock::now();
  next_measure_ = end + 20 * (end - start);
}

void DatabaseImpl::measure_recall() {
  const auto state = live()->pin();
  for (const auto& [name, space] : state->spaces) {
    if (stopping_.load()) return;
    space->items->measure_recall();
    space->users->measure_recall();
  }
}

Status DatabaseImpl::save_indexes() {
  auto counters = copy_counters();  // outside of the lock: a rewind, on the committing thread, waits for it
  MutexLock lock(save_mutex_);
  const Sequence sequence = visible_.get();
  const auto state = live()->pin();
  const auto sync = [this] { return store_->sync(); };
  std::set<std::string> names;
  for (const auto& [name, space] : state->spaces) {
    TAMIS_RETURN_IF_ERROR(update_space_files(layout_.index, space.get(), sequence, maker_of(*state, name), sync));
    names.insert(name);
  }
  remove_stale_files(layout_.index, names);
  TAMIS_RETURN_IF_ERROR(save_first_seen(layout_.index, sequence));
  if (counters) TAMIS_RETURN_IF_ERROR(save_counters(*std::move(counters)));
  saved_sequence_.store(sequence);
  return Status::ok();
}

std::optional<DatabaseImpl::CounterCopy> DatabaseImpl::copy_counters() {
  std::optional<CounterCopy> copy;
  std::shared_ptr<LiveState> copied;
  const auto take = [&] {
    const Sequence sequence = visible_.get();
    if (sequence == 0 || sequence == counters_sequence_.load()) return;
    copied = live();
    auto state = copied->save_counters();
    if (state) copy = CounterCopy{sequence, rewinds_.load(), *std::move(state)};
  };
  if (queue_ == nullptr) {
    take();  // the database is being closed, and nobody writes
  } else {
    between_commits("counters", take);
  }
  if (copy) copied->settle_counters(&copy->state);
  return copy;
}

Status DatabaseImpl::save_counters(CounterCopy copy) {
  if (copy.rewinds != rewinds_.load() || copy.sequence <= counters_sequence_.load()) return Status::ok();
  CounterFile file{.sequence = copy.sequence, .mark = 0, .state = std::move(copy.state)};
  TAMIS_ASSIGN_OR_RETURN(file.mark, mark_of(*store_, file.sequence));
  TAMIS_RETURN_IF_ERROR(store_->sync());
  TAMIS_RETURN_IF_ERROR(save_counter_file(layout_.index / kCounterFile, file));
  counters_sequence_.store(file.sequence);
  return store_->forget_taken(file.sequence);
}

Status DatabaseImpl::save_many_counted() {
  constexpr int kShare = 20;  // at most a twentieth of the time
  const auto start = std::chrono::steady_clock::now();
  if (start < next_counters_save_ || visible_.get() < counters_sequence_.load() + kManyCounted) return Status::ok();
  auto counters = copy_counters();
  Status saved;
  if (counters) {
    MutexLock lock(save_mutex_);
    const Sequence sequence = visible_.get();
    saved = save_counters(*std::move(counters));
    if (saved.is_ok()) saved = save_first_seen(layout_.index, sequence);  // else a start reads the log for it
  }
  const auto end = std::chrono::steady_clock::now();
  next_counters_save_ = end + kShare * (end - start);
  return saved;
}

Status DatabaseImpl::copy_indexes(const std::filesystem::path& index_dir) {
  const Sequence sequence = visible_.get();
  const auto state = live()->pin();
  const auto sync = [this] { return store_->sync(); };
  for (const auto& [name, space] : state->spaces) {
    TAMIS_RETURN_IF_ERROR(save_space_index(index_dir, *space, sequence, maker_of(*state, name), sync));
  }
  return save_first_seen(index_dir, sequence);
}

Status DatabaseImpl::save_first_seen(const std::filesystem::path& index_dir, Sequence sequence) {
  std::error_code error;
  std::filesystem::create_directories(index_dir, error);
  if (error) return Status::io_error("cannot create " + index_dir.string() + ": " + error.message());
  const FirstSeen first_seen = FirstSeen::of(live()->entities(EntityKind::kItem), sequence);
  TAMIS_RETURN_IF_ERROR(store_->sync());
  return first_seen.save(index_dir / "first_seen");
}

}  // namespace tamis::engine
