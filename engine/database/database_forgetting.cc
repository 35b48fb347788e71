// What is taken back, erased and trimmed.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "engine/database/database_impl.h"
#include "engine/database/mutation_check.h"
#include "engine/snapshot/made_snapshots.h"

namespace tamis::engine {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kDeletedAtOnce = 10'000;
constexpr std::size_t kPage = 1'000;
constexpr milliseconds kTrimPeriod(60'000);
constexpr milliseconds kErasureCheckPeriod(1'000);
constexpr milliseconds kErasureRetryPeriod(60'000);

Status check_selection(const InteractionSelection& selection) {
  for (const auto& [id, field] : {std::pair(&selection.user, "user"), std::pair(&selection.item, "item")}) {
    if (!id->empty()) TAMIS_RETURN_IF_ERROR(validate_external_id(*id, field));
  }
  const bool is_bounded = !selection.user.empty() || !selection.item.empty() || !selection.recommendation_id.empty() ||
                          !selection.idempotency_key.empty() || !selection.import_id.empty();
  if (!is_bounded) {
    return Status::invalid_argument(
        "the selection names no user, item, recommendation_id, idempotency_key or import_id; expected one at least");
  }
  if (selection.from_ms && selection.to_ms && *selection.from_ms >= *selection.to_ms) {
    return Status::invalid_argument("\"to\" is not after \"from\"; the selection is empty").at_field("to");
  }
  return Status::ok();
}

// A selection in the store's own numbers. Without a value where nothing can match: it names what was never seen.
class Selected {
 public:
  static std::optional<Selected> in(const storage::Store& store, const InteractionSelection& selection) {
    Selected made(selection);
    const auto find = [&](EntityKind kind, const std::string& name, std::optional<DenseId>* id) {
      if (!name.empty()) *id = store.ids(kind).find(name);
      return name.empty() || id->has_value();
    };
    if (!find(EntityKind::kUser, selection.user, &made.user_)) return std::nullopt;
    if (!find(EntityKind::kItem, selection.item, &made.item_)) return std::nullopt;
    if (!selection.type.empty()) {
      made.type_ = store.find_interaction_type(selection.type);
      if (!made.type_) return std::nullopt;
    }
    return made;
  }
  std::optional<DenseId> user() const { return user_; }
  bool operator()(const storage::StoredInteraction& row) const {
    const auto matches = [](const std::string& wanted, const std::string& text) {
      return wanted.empty() || wanted == text;
    };
    return (!user_ || *user_ == row.user) && (!item_ || *item_ == row.item) && (!type_ || *type_ == row.type) &&
           (!selection_.from_ms || row.timestamp_ms >= *selection_.from_ms) &&
           (!selection_.to_ms || row.timestamp_ms < *selection_.to_ms) &&
           matches(selection_.recommendation_id, row.recommendation_id) &&
           matches(selection_.idempotency_key, row.idempotency_key) && matches(selection_.import_id, row.import_id);
  }

 private:
  explicit Selected(const InteractionSelection& selection) : selection_(selection) {}

  const InteractionSelection& selection_;
  std::optional<DenseId> user_, item_;
  std::optional<storage::InteractionTypeId> type_;
};

// Visits what is selected, of one user or of all, until `visit` gives false.
Status visit_selected(const storage::Store& store, const Selected& selected,
                      const std::function<bool(const storage::StoredInteraction&)>& visit) {
  if (!selected.user()) {
    return store.scan_interactions(/*with_context=*/false,
                                   [&](const storage::StoredInteraction& row) { return !selected(row) || visit(row); });
  }
  std::optional<storage::Store::InteractionCursor> before;
  while (true) {
    TAMIS_ASSIGN_OR_RETURN(const auto page, store.user_interactions(*selected.user(), kPage, before));
    for (const auto& row : page) {
      if (selected(row) && !visit(row)) return Status::ok();
    }
    if (page.size() < kPage) return Status::ok();
    before = {page.back().timestamp_ms, page.back().sequence};
  }
}

}  // namespace

Result<WriteAck> DatabaseImpl::delete_interactions(const InteractionSelection& selection) {
  TAMIS_RETURN_IF_ERROR(check_writable());
  TAMIS_RETURN_IF_ERROR(check_selection(selection));
  WriteAck total{.accepted = 0, .duplicates = 0, .sequence = visible_.get()};
  const auto selected = Selected::in(*store_, selection);
  if (!selected) return total;
  DeleteInteractions batch;
  std::vector<Sequence> gone;
  Status written;
  const auto write_batch = [&] {
    for (const InteractionRef& row : batch.rows) gone.push_back(row.sequence);
    std::vector<Mutation> mutations;
    mutations.emplace_back(std::exchange(batch, {}));
    const auto ack = write(std::move(mutations), {.durability = Durability::kSync});
    written = ack.status();
    if (!ack.is_ok()) return false;
    total.accepted += ack->affected;
    total.affected += ack->affected;
    total.sequence = ack->sequence;
    return true;
  };
  const storage::IdTable& users = store_->ids(EntityKind::kUser);
  TAMIS_RETURN_IF_ERROR(visit_selected(*store_, *selected, [&](const storage::StoredInteraction& row) {
    std::string user = users.name(row.user);
    if (!user.empty()) batch.rows.push_back({std::move(user), row.timestamp_ms, row.sequence});
    return batch.rows.size() < kDeletedAtOnce || write_batch();
  }));
  if (written.is_ok() && !batch.rows.empty()) write_batch();
  std::sort(gone.begin(), gone.end());
  TAMIS_RETURN_IF_ERROR(impressions_->take_back(gone));
  TAMIS_RETURN_IF_ERROR(written);
  if (total.accepted > 0) spdlog::info("{} interactions were taken back", total.accepted);
  return total;
}

Result<DeletedUser> DatabaseImpl::delete_user(std::string_view user, bool keep_log, const WriteOptions& options) {
  DeletedUser deleted;
  deleted.erased = !keep_log;
  std::vector<Mutation> mutations;
  mutations.emplace_back(DeleteEntity{EntityKind::kUser, std::string(user), /*erase=*/!keep_log});
  TAMIS_ASSIGN_OR_RETURN(deleted.ack, write(std::move(mutations), options));
  deleted.erased_by_ms = options_.clock->now_ms() + options_.storage.erase_within_s * 1'000;
  MutexLock lock(save_mutex_);
  deleted.snapshots = read_made_snapshots(layout_.snapshots_made);
  return deleted;
}

void DatabaseImpl::start_forgetting() {
  if (options_.read_only) return;
  const milliseconds erase_period(options_.storage.erase_within_s * 500);
  next_erasure_ = std::chrono::steady_clock::now() + erase_period;
  forgetting_ = std::make_unique<PeriodicTasks>(
      std::vector<PeriodicTasks::Task>{{std::min(erase_period, kErasureCheckPeriod), [this] { erase_when_due(); }},
                                       {kTrimPeriod, [this] { trim_log(); }}});
}

// Twice in storage.erase_within, from start to start; soon again where a training run is in the way.
void DatabaseImpl::erase_when_due() {
  const auto started = std::chrono::steady_clock::now();
  if (started < next_erasure_) return;
  const milliseconds period(options_.storage.erase_within_s * 500);
  const Status erased = erase_departed();
  if (erased.is_ok()) {
    next_erasure_ = started + period;
  } else if (erased.code() != StatusCode::kFailedPrecondition) {
    next_erasure_ = started + std::min(period, kErasureRetryPeriod);
    if (!stopping_.load()) {
      spdlog::warn("deleted users are not erased yet, which is tried again: {}", erased.to_string());
    }
  }
}

Status DatabaseImpl::erase_departed() {
  // Who is deleted from here on waits for the next turn.
  const std::vector<storage::DepartedUser> erased = store_->erased_users();
  if (erased.empty()) return Status::ok();
  std::set<std::string, std::less<>> names;
  for (const storage::DepartedUser& departed : erased) {
    if (!departed.name.empty()) names.insert(departed.name);
  }
  // A run that read the users before they went is about to write them into a generation.
  const auto jobs = trainer_->list_jobs();
  if (std::any_of(jobs.begin(), jobs.end(), [](const Job& job) { return job.state == JobState::kRunning; })) {
    return Status::failed_precondition("a training run goes on");
  }
  TAMIS_RETURN_IF_ERROR(batches_->erase_users(names));
  // What the counters need of these users' interactions goes with the files that are rewritten.
  TAMIS_RETURN_IF_ERROR(save_indexes());
  TAMIS_RETURN_IF_ERROR(impressions_->forget_users(names));
  TAMIS_RETURN_IF_ERROR(trainer_->erase_users(names));
  TAMIS_RETURN_IF_ERROR(store_->erase_departed(erased, &stopping_));
  TAMIS_RETURN_IF_ERROR(save_indexes());
  spdlog::info("{} users were erased from the log, the generations and the files of the store", erased.size());
  return Status::ok();
}

Result<Sequence> DatabaseImpl::oldest_names() const {
  Sequence oldest = visible_.get();
  for (const GenerationInfo& generation : trainer_->list_generations()) {
    oldest = std::min(oldest, generation.sequence);
    for (const auto& [member, inherited] : generation.inherited) oldest = std::min(oldest, inherited.sequence);
  }
  TAMIS_RETURN_IF_ERROR(
      store_->scan_impressions(0, std::numeric_limits<TimestampMs>::max(),
                               [&](const storage::Impression& list, std::span<const storage::Outcome>) {
                                 oldest = std::min(oldest, list.sequence);
                                 return false;  // they are in the order of time
                               }));
  return oldest;
}

// Keeps what recovery reads: the index files' successors, and interactions that are not attributed yet.
void DatabaseImpl::trim_log() {
  const StorageOptions& storage = options_.storage;
  if (storage.log_retention_s == 0 && storage.log_retention_bytes == 0) return;
  const auto attributed = store_->attributed_through();
  if (!attributed.is_ok()) return;
  storage::Store::LogRetention retention;
  if (storage.log_retention_s > 0) {
    retention.committed_from_ms = options_.clock->now_ms() - storage.log_retention_s * 1'000;
  }
  retention.max_bytes = storage.log_retention_bytes;
  retention.keep_from = saved_sequence_.load() + 1;
  if (counters_sequence_.load() > 0) retention.keep_from = std::min(retention.keep_from, counters_sequence_.load());
  if (impressions_->has_lists()) retention.keep_from = std::min(retention.keep_from, *attributed + 1);
  const auto names_from = oldest_names();
  if (!names_from.is_ok()) return;
  retention.names_from = *names_from;
  const Sequence before = store_->first_log_sequence();
  const auto first = store_->trim_log(retention);
  if (!first.is_ok()) {
    spdlog::warn("the log is not trimmed: {}", first.status().to_string());
  } else if (*first > before) {
    spdlog::info("the log begins with sequence {} now, {} records fewer", *first, *first - before);
  }
}

}  // namespace tamis::engine
