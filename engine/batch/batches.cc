#include "engine/batch/batches.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <thread>

#include "common/durable_files.h"
#include "engine/batch/batch_lines.h"
#include "engine/query/query.h"
#include "engine/retrieval/eligibility.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBatchBlock = 256;          // lists between two looks at the state of things
constexpr std::size_t kMaxBlockBytes = 4u << 20;  // or so many bytes
constexpr std::chrono::seconds kBatchSavePeriod{2};

std::optional<std::uint64_t> number_of(std::string_view id) {
  if (!id.starts_with(Batches::kPrefix)) return std::nullopt;
  id.remove_prefix(Batches::kPrefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc() || end != id.data() + id.size() || number == 0) return std::nullopt;
  return number;
}

bool has_batch_ended(const Batch& batch) { return batch.state != "queued" && batch.state != "running"; }

// Keeps to so many lists a second.
class Pace {
 public:
  explicit Pace(double per_second) : per_second_(per_second) {}
  // Waits until `lists` more are due, or `stop` holds.
  template <typename Stop>
  void keep(std::size_t lists, const Stop& stop) {
    if (per_second_ <= 0) return;
    made_ += lists;
    const auto due = begin_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                                  std::chrono::duration<double>(static_cast<double>(made_) / per_second_));
    while (!stop() && std::chrono::steady_clock::now() < due) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

 private:
  double per_second_;
  std::size_t made_ = 0;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace

Batches::Batches(fs::path dir, const Clock* clock, Source source)
    : dir_(std::move(dir)),
      clock_(clock),
      source_(std::move(source)),
      queue_(clock, nullptr, "batch", std::string(kPrefix)) {
  MutexLock lock(mutex_);
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir_, error))
    if (const auto number = number_of(entry.path().filename().string())) last_number_ = std::max(last_number_, *number);
}

Batches::~Batches() { shut_down(); }

void Batches::shut_down() {
  stopping_ = true;
  queue_.shut_down();
}

bool Batches::is_id(std::string_view id) const { return number_of(id).has_value(); }

Result<std::vector<Batch>> Batches::list() const {
  std::vector<std::pair<std::uint64_t, Batch>> found;
  std::error_code error;
  MutexLock lock(mutex_);
  for (const fs::directory_entry& entry : fs::directory_iterator(dir_, error)) {
    const auto number = number_of(entry.path().filename().string());
    if (!number) continue;
    Result<BatchState> state = read_batch_state(entry.path());
    if (state.is_ok()) found.emplace_back(*number, std::move(state->batch));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<Batch> batches;
  for (auto& [number, batch] : found) batches.push_back(std::move(batch));
  return batches;
}

Result<Batch> Batches::get(std::string_view id) const {
  if (!is_id(id)) return Status::not_found("there is no batch '" + std::string(id.substr(0, 64)) + "'");
  MutexLock lock(mutex_);
  Result<BatchState> state = read_batch_state(path_of(id));
  if (!state.is_ok()) return state.status();
  return std::move(state->batch);
}

Status Batches::remove(std::string_view id) {
  TAMIS_ASSIGN_OR_RETURN(const Batch batch, get(id));
  if (!has_batch_ended(batch)) {
    const Status cancelled = queue_.cancel(id);
    if (!cancelled.is_ok() && cancelled.code() != StatusCode::kNotFound &&
        cancelled.code() != StatusCode::kFailedPrecondition)
      return cancelled;
    // It ends within a block.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const Result<Job> job = queue_.get(id);
      if (!job.is_ok() || (job->state != JobState::kQueued && job->state != JobState::kRunning)) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  MutexLock lock(mutex_);
  std::error_code error;
  fs::remove_all(path_of(id), error);
  if (error) return Status::io_error("cannot remove batch " + std::string(id) + ": " + error.message());
  return Status::ok();
}

Result<Batch> Batches::submit(std::uint64_t number, const Batch& batch) {
  const Result<Job> job = queue_.submit(number, [this, id = batch.id](JobRun& run_of) { return run(run_of, id); });
  if (!job.is_ok()) return job.status();
  return batch;
}

Result<Batch> Batches::start(const BatchRequest& request) {
  const std::shared_ptr<const ReadState> pinned = source_.pin();
  if (request.kind == "recommendations" && !pinned->funnels.contains(request.funnel))
    return Status::not_found("there is no funnel \"" + request.funnel + "\"").at_field("funnel");
  if (!request.space.empty() && find_space(*pinned, request.space) == nullptr)
    return Status::not_found("there is no space \"" + request.space + "\"").at_field("space");
  BatchState state;
  std::uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    number = ++last_number_;
    state.batch.id = std::string(kPrefix) + std::to_string(number);
    state.batch.request = request;
    state.batch.state = "queued";
    state.batch.created_ms = clock_->now_ms();
    const fs::path dir = path_of(state.batch.id);
    state.batch.path = lists_path(dir, request).string();
    TAMIS_RETURN_IF_ERROR(create_batch_files(dir, state));
  }
  Result<Batch> submitted = submit(number, state.batch);
  if (!submitted.is_ok()) {
    std::error_code error;
    fs::remove_all(path_of(state.batch.id), error);
  }
  return submitted;
}

void Batches::resume() {
  const Result<std::vector<Batch>> batches = list();
  if (!batches.is_ok()) return;
  for (auto batch = batches->rbegin(); batch != batches->rend(); ++batch) {  // oldest first
    if (has_batch_ended(*batch)) continue;
    spdlog::info("batch {} goes on after {} lists", batch->id, batch->lists);
    if (const auto submitted = submit(*number_of(batch->id), *batch); !submitted.is_ok())
      spdlog::warn("batch {} does not go on: {}", batch->id, submitted.status().to_string());
  }
}

Result<std::string> Batches::run(JobRun& job, const std::string& id) {
  BatchState state;
  {
    MutexLock lock(mutex_);
    TAMIS_ASSIGN_OR_RETURN(state, read_batch_state(path_of(id)));
    if (state.batch.state == "running") ++state.batch.resumed;
    state.batch.state = "running";
    // What stands behind the last state was not counted: it is made again.
    std::error_code error;
    fs::resize_file(lists_path(path_of(id), state.batch.request), state.batch.bytes, error);
    if (error) return Status::io_error("cannot cut " + state.batch.path + ": " + error.message());
    TAMIS_RETURN_IF_ERROR(write_batch_state(path_of(id), state));
  }
  Result<std::string> done = make_lists(job, &state);
  if (stopping_) return done;  // it goes on after the next start
  const bool was_cancelled = job.cancelled()->load(std::memory_order_relaxed);
  state.batch.state = done.is_ok() ? "succeeded" : was_cancelled ? "cancelled" : "failed";
  state.batch.detail = done.is_ok() ? *done : was_cancelled ? "cancelled" : done.status().to_string();
  if (done.is_ok()) state.batch.progress = 1;
  state.batch.finished_ms = clock_->now_ms();
  const Status saved = save(state, "");
  if (!saved.is_ok() && done.is_ok()) return saved;
  return done;
}

Status Batches::save(const BatchState& state, const std::string& lines) {
  MutexLock lock(mutex_);
  const fs::path dir = path_of(state.batch.id);
  const fs::path path = lists_path(dir, state.batch.request);
  if (!lines.empty()) {
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file.write(lines.data(), static_cast<std::streamsize>(lines.size()));
    file.flush();
    if (!file) return Status::io_error("cannot write " + path.string());
    file.close();
    TAMIS_RETURN_IF_ERROR(sync_file(path));
  }
  return write_batch_state(dir, state);
}

Result<std::string> Batches::make_lists(JobRun& job, BatchState* state) {
  Batch& batch = state->batch;
  const std::shared_ptr<const ReadState> pinned = source_.pin();
  batch.generation = pinned->generation == nullptr ? "" : pinned->generation->info.id;
  const bool is_of_items = batch.request.kind == "similar_items";
  const storage::IdTable& ids = pinned->store->ids(is_of_items ? EntityKind::kItem : EntityKind::kUser);
  const auto should_stop = [&] { return stopping_ || job.cancelled()->load(std::memory_order_relaxed); };
  Pace pace(batch.request.max_per_second);
  std::string lines = batch.bytes == 0 ? lines_head(batch.request) : "";
  auto saved_at = std::chrono::steady_clock::now() - kBatchSavePeriod;  // the first lists are there at once
  // A slow pace is kept within a block, too.
  const std::size_t block =
      batch.request.max_per_second > 0
          ? std::clamp<std::size_t>(static_cast<std::size_t>(batch.request.max_per_second / 4), 1, kBatchBlock)
          : kBatchBlock;
  const auto save_lines = [&]() -> Status {
    batch.bytes += lines.size();
    TAMIS_RETURN_IF_ERROR(save(*state, lines));
    lines.clear();
    saved_at = std::chrono::steady_clock::now();
    return Status::ok();
  };
  while (true) {
    const std::uint64_t before = batch.lists;
    const std::size_t end = ids.size();
    const bool is_last = state->next >= end;
    if (!is_last) TAMIS_RETURN_IF_ERROR(make_block(*pinned, job, block, state, &lines));
    if (should_stop()) {
      TAMIS_RETURN_IF_ERROR(save_lines());
      return Status::unavailable("the batch was interrupted");
    }
    batch.progress = end == 0 ? 1 : std::min(1.0, static_cast<double>(state->next) / static_cast<double>(end));
    job.report(batch.progress, "lists", std::to_string(batch.lists) + " lists");
    if (is_last) break;
    if (lines.size() >= kMaxBlockBytes || std::chrono::steady_clock::now() - saved_at >= kBatchSavePeriod)
      TAMIS_RETURN_IF_ERROR(save_lines());
    pace.keep(batch.lists - before, should_stop);
  }
  TAMIS_RETURN_IF_ERROR(save_lines());
  return std::to_string(batch.lists) + " lists in " + batch.path;
}

Status Batches::make_block(const ReadState& pinned, JobRun& job, std::size_t limit, BatchState* state,
                           std::string* lines) {
  Batch& batch = state->batch;
  const BatchRequest& request = batch.request;
  const bool is_of_items = request.kind == "similar_items";
  const EntityKind kind = is_of_items ? EntityKind::kItem : EntityKind::kUser;
  const storage::IdTable& ids = pinned.store->ids(kind);
  std::vector<DenseId> chosen;
  DenseId next = state->next;
  {
    const Eligibility is_chosen(is_of_items ? *pinned.items : *pinned.users,
                                is_of_items ? *pinned.item_attributes : *pinned.user_attributes, request.segment,
                                ids.size(), clock_->now_ms());
    constexpr DenseId kMostLookedAt = 65'536;
    const auto end = static_cast<DenseId>(std::min<std::size_t>(ids.size(), std::size_t{next} + kMostLookedAt));
    for (; next < end && chosen.size() < limit; ++next)
      if (is_chosen(next)) chosen.push_back(next);
  }
  for (const DenseId id : chosen) {
    if (stopping_ || job.cancelled()->load(std::memory_order_relaxed)) return Status::ok();
    const std::string name = ids.name(id);
    const Sequence sequence = source_.sequence();
    if (is_of_items) {
      const auto answer =
          similar(pinned, {.kind = kind, .id = name, .k = request.k, .space = request.space, .filter = request.filter},
                  sequence);
      if (!answer.is_ok() && answer.status().code() != StatusCode::kNotFound) return answer.status();
      if (answer.is_ok()) append_lines(request, name, *answer, lines);
    } else {
      RecommendRequest asked{.user = name, .k = request.k, .funnel = request.funnel, .filter = request.filter};
      asked.exclude_seen = request.exclude_seen;
      asked.dry_run = !request.log;
      TAMIS_ASSIGN_OR_RETURN(const RecommendAnswer answer, recommend(pinned, asked, sequence, source_.observer));
      append_lines(request, answer, lines);
    }
    if (batch.lists++ == 0) batch.first_sequence = sequence;
    batch.last_sequence = sequence;
    state->next = id + 1;
  }
  state->next = next;
  return Status::ok();
}

Status Batches::erase_users(const std::set<std::string, std::less<>>& users) {
  TAMIS_ASSIGN_OR_RETURN(const std::vector<Batch> batches, list());
  for (const Batch& known : batches) {
    if (known.request.kind != "recommendations") continue;
    MutexLock lock(mutex_);
    const fs::path dir = path_of(known.id);
    Result<BatchState> state = read_batch_state(dir);
    if (!state.is_ok()) continue;  // it was removed meanwhile
    if (!has_batch_ended(state->batch)) {
      return Status::failed_precondition("batch " + known.id + " is being made, and may name erased users");
    }
    const fs::path path = lists_path(dir, known.request);
    TAMIS_ASSIGN_OR_RETURN(const std::uint64_t removed, erase_lines(path, known.request, users));
    if (removed == 0) continue;
    std::error_code error;
    state->batch.bytes = fs::file_size(path, error);
    state->batch.lists -= std::min(state->batch.lists, removed);
    TAMIS_RETURN_IF_ERROR(write_batch_state(dir, *state));
  }
  return Status::ok();
}

}  // namespace tamis::engine
