#include "engine/recovery/recovery.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <future>
#include <system_error>
#include <utility>
#include <vector>

#include "common/record_checks.h"
#include "engine/interactions/stored_types.h"
#include "engine/live/space_index.h"
#include "engine/recovery/counter_file.h"
#include "engine/recovery/index_files.h"
#include "index/vector_check.h"

namespace tamis::engine {
namespace {

constexpr std::uint64_t kLogEvery = 5'000'000;  // interactions between two lines of progress

}  // namespace

Status Recovery::check_stop() const {
  return stop_->load(std::memory_order_relaxed) ? Status::unavailable("closing") : Status::ok();
}

Status Recovery::run() {
  const auto start = std::chrono::steady_clock::now();
  counter_file_ = std::async(std::launch::async, [this] { return load_counter_file(index_dir_ / kCounterFile); });
  load_files();
  TAMIS_RETURN_IF_ERROR(replay_log());
  auto users_loaded = std::async(std::launch::async, [this] { return load_entities(EntityKind::kUser); });
  const Status items_loaded = load_entities(EntityKind::kItem);
  TAMIS_RETURN_IF_ERROR(users_loaded.get());
  TAMIS_RETURN_IF_ERROR(items_loaded);
  TAMIS_RETURN_IF_ERROR(load_types());
  TAMIS_RETURN_IF_ERROR(count_interactions());
  TAMIS_RETURN_IF_ERROR(publish_spaces());
  TAMIS_RETURN_IF_ERROR(load_funnels());
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  spdlog::info("recovered {} users, {} items, {} spaces at sequence {} in {:.2f} s",
               live_->entities(EntityKind::kUser).live_count(), live_->entities(EntityKind::kItem).live_count(),
               spaces_.size(), store_->last_sequence(), seconds);
  return Status::ok();
}

void Recovery::load_files() {
  const Sequence last = store_->last_sequence();
  if (auto loaded = FirstSeen::load(index_dir_ / "first_seen", last); loaded.is_ok()) {
    first_seen_ = std::move(loaded).value();
  }
  for (const Space& space : store_->spaces()) {
    LoadedSpace& slot = spaces_[space.name];
    auto loaded = load_space_index(index_dir_, space, options_->index, live_->originals(), "", last);
    if (loaded.is_ok()) {
      slot.index = std::move(loaded->index);
      slot.sequence = loaded->sequence;
      continue;
    }
    if (loaded.status().code() != StatusCode::kNotFound) {
      spdlog::warn("space {}: {}; the index is rebuilt from the stored vectors", space.name,
                   loaded.status().to_string());
    }
    remove_space_files(index_dir_, space.name);
  }
}

// Brings what was loaded from files up to the store.
Status Recovery::replay_log() {
  Sequence from = first_seen_.sequence();
  for (const auto& [name, space] : spaces_) {
    if (space.index != nullptr) from = std::min(from, space.sequence);
  }
  const Sequence first = store_->first_log_sequence();
  for (auto& [name, space] : spaces_) {
    if (space.index != nullptr && space.sequence + 1 < first) space.index = nullptr;  // the log begins later
  }
  from = std::max(from, first - 1);
  if (from >= store_->last_sequence()) return Status::ok();
  const Status read = store_->read_log(from + 1, [&](const storage::CommittedRecord& record) {
    replay(record);
    return !stop_->load(std::memory_order_relaxed);
  });
  TAMIS_RETURN_IF_ERROR(check_stop());
  return read;
}

void Recovery::replay(const storage::CommittedRecord& record) {
  if (record.sequence > first_seen_.sequence()) first_seen_.apply(record);
  for (auto& [name, space] : spaces_) {
    if (space.index == nullptr || record.sequence <= space.sequence) continue;
    const Status status = replay_vector(record, &space);
    if (status.is_ok()) continue;
    spdlog::warn("space {}: {}; the index is rebuilt from the stored vectors", name, status.to_string());
    space.index = nullptr;
  }
}

Status Recovery::replay_vector(const storage::CommittedRecord& record, LoadedSpace* space) {
  const std::string& name = space->index->space.name;
  const auto changed = [&] { space->index->changes.fetch_add(1, std::memory_order_relaxed); };
  const auto dense = [&](EntityKind kind) { return kind == EntityKind::kUser ? record.user : record.item; };
  if (const auto* put = std::get_if<PutVector>(&record.mutation); put != nullptr && put->space == name) {
    changed();
    index::VectorIndex& target = index_of(*space->index, put->kind);
    if (const Status sound = index::check_vector(put->vector, space->index->space.dim, "vector"); !sound.is_ok()) {
      target.remove(dense(put->kind));  // the scan of the stored vectors names it
      return Status::ok();
    }
    return target.upsert(dense(put->kind), put->vector);
  }
  if (const auto* erased = std::get_if<DeleteVector>(&record.mutation); erased != nullptr && erased->space == name) {
    changed();
    if (dense(erased->kind) != kNoDenseId) index_of(*space->index, erased->kind).remove(dense(erased->kind));
  }
  if (const auto* erased = std::get_if<DeleteEntity>(&record.mutation)) {
    changed();
    if (dense(erased->kind) != kNoDenseId) index_of(*space->index, erased->kind).remove(dense(erased->kind));
  }
  if (const auto* merge = std::get_if<MergeUser>(&record.mutation); merge != nullptr && merge->complete) {
    changed();
    if (record.session != kNoDenseId) space->index->users->remove(record.session);
  }
  if (const auto* erased = std::get_if<DeleteSpace>(&record.mutation); erased != nullptr && erased->name == name) {
    TAMIS_ASSIGN_OR_RETURN(space->index,
                           make_empty_space_index(space->index->space, options_->index, live_->originals()));
  }
  return Status::ok();
}

Status Recovery::load_entities(EntityKind kind) {
  live_->entities(kind).extend(store_->ids(kind).size());
  return store_->scan_entities(kind, 0, [&](DenseId id, Entity&& entity) {
    if (entity.id.empty()) entity.id = store_->ids(kind).name(id);
    const TimestampMs seen = kind == EntityKind::kItem ? first_seen_.get(id) : 0;
    live_->put_entity(kind, id, entity, seen != 0 ? seen : entity.updated_ms);
    return !stop_->load(std::memory_order_relaxed);
  });
}

Status Recovery::load_types() {
  TAMIS_ASSIGN_OR_RETURN(auto types, load_interaction_types(*store_, start_types(*options_)));
  live_->set_interaction_types(std::move(types));
  TAMIS_ASSIGN_OR_RETURN(const auto documents, store_->list_documents(kInteractionTypes));
  for (const auto& document : documents) {
    const auto type = parse_interaction_type(document.name, document.json);
    if (type.is_ok()) continue;
    live_->quarantine().add(Quarantine::kDocument, std::string(kInteractionTypes) + " " + in_quotes(document.name),
                            type.status());
  }
  return Status::ok();
}

Status Recovery::count_interactions() {
  if (store_->last_sequence() == 0) return Status::ok();
  const Status resumed = count_from_file();
  TAMIS_RETURN_IF_ERROR(check_stop());
  if (resumed.is_ok()) return resumed;
  if (resumed.code() != StatusCode::kNotFound) {
    spdlog::warn("{}; every interaction is counted", resumed.to_string());
    std::error_code ignored;
    std::filesystem::remove(index_dir_ / kCounterFile, ignored);
  }
  live_->load_counters({});
  return count_all();
}

Status Recovery::count_from_file() {
  TAMIS_ASSIGN_OR_RETURN(CounterFile file, counter_file_.get());
  const Sequence last = store_->last_sequence();
  const auto refuse = [&](const std::string& why) {
    return Status::failed_precondition("the file of counters reflects sequence " + std::to_string(file.sequence) + why);
  };
  if (file.sequence > last) return refuse(", and the store ends at " + std::to_string(last));
  if (file.sequence < store_->first_log_sequence()) return refuse(", which the log no longer holds");
  TAMIS_ASSIGN_OR_RETURN(const std::uint64_t mark, mark_of(*store_, file.sequence));
  if (mark != file.mark) return refuse(" of another history");
  if (file.state.meaning != live_->meaning_of_counts()) return refuse(", when interactions counted otherwise");

  std::vector<storage::CommittedRecord> changes;
  TAMIS_RETURN_IF_ERROR(store_->scan_taken(file.sequence, [&](storage::TakenInteractions&& taken) {
    storage::CommittedRecord& change = changes.emplace_back();
    change.sequence = taken.sequence;
    change.user = taken.to;
    if (taken.to == kNoDenseId) {
      change.mutation = DeleteInteractions{};
    } else {
      change.mutation = MergeUser{};
    }
    change.affected = std::move(taken.rows);
    return true;
  }));
  live_->load_counters(std::move(file.state));
  TAMIS_RETURN_IF_ERROR(count_log(file.sequence + 1, std::move(changes)));
  counted_from_ = file.sequence;
  spdlog::info("interactions were counted from sequence {} on", file.sequence);
  return Status::ok();
}

Status Recovery::count_log(Sequence from, std::vector<storage::CommittedRecord> changes) {
  if (from > store_->last_sequence()) return Status::ok();
  live_->begin_counting(changes);
  auto next = changes.begin();
  Status counted;
  const Status read = store_->read_log(from, [&](const storage::CommittedRecord& record) {
    const auto* erased = std::get_if<DeleteEntity>(&record.mutation);
    const bool takes = std::holds_alternative<DeleteInteractions>(record.mutation) ||
                       std::holds_alternative<MergeUser>(record.mutation) ||
                       (erased != nullptr && erased->kind == EntityKind::kUser);
    while (takes && next != changes.end() && next->sequence < record.sequence) ++next;
    if (!takes) {
      counted = live_->count_record(record);
    } else if (next == changes.end() || next->sequence != record.sequence) {
      counted = Status::failed_precondition("what sequence " + std::to_string(record.sequence) +
                                            " took from users is not kept any more");
    } else {
      counted = live_->count_record(*next);
    }
    return counted.is_ok() && !stop_->load(std::memory_order_relaxed);
  });
  live_->begin_counting({});
  TAMIS_RETURN_IF_ERROR(counted);
  return read;
}

Status Recovery::count_all() {
  std::uint64_t counted = 0;
  std::vector<storage::StoredInteraction> of_user;
  TAMIS_RETURN_IF_ERROR(store_->scan_interactions(/*with_context=*/false, [&](const storage::StoredInteraction& row) {
    if (!of_user.empty() && of_user.front().user != row.user) live_->count_user(std::exchange(of_user, {}));
    if (is_sound_interaction(row.value, row.timestamp_ms)) {
      of_user.push_back(row);
    } else {
      live_->quarantine().add(Quarantine::kInteraction, std::to_string(row.sequence),
                              check_interaction_numbers(row.value, row.timestamp_ms));
    }
    if (++counted % kLogEvery == 0) spdlog::info("recovering: {} interactions counted", counted);
    return !stop_->load(std::memory_order_relaxed);
  }));
  live_->count_user(std::move(of_user));
  return check_stop();
}

VectorRefusals Recovery::refusals_of(const Space& space) const {
  return [this, &space](EntityKind kind, DenseId id, const Status& why) {
    live_->note_vector(space.name, kind, store_->ids(kind).name(id), why);
  };
}

// Every stored vector is in the index, but for those that it refuses.
bool Recovery::matches_store(const LoadedSpace& loaded, std::uint64_t stored_vectors) const {
  if (loaded.index == nullptr) return false;
  const std::uint64_t indexed = loaded.index->items->size() + loaded.index->users->size();
  if (indexed == stored_vectors) return true;
  const Space& space = loaded.index->space;
  const VectorRefusals refuse = refusals_of(space);
  std::uint64_t refused = 0;
  for (const EntityKind kind : {EntityKind::kItem, EntityKind::kUser}) {
    const Status read = store_->scan_vectors(space.name, kind, [&](DenseId id, std::span<const float> row) {
      if (const Status taken = index::check_vector(row, space.dim, "vector"); !taken.is_ok()) {
        refuse(kind, id, taken);
        ++refused;
      }
      return !stop_->load(std::memory_order_relaxed);
    });
    if (!read.is_ok()) return false;
  }
  return indexed + refused == stored_vectors;
}

Status Recovery::publish_spaces() {
  const auto counts = store_->counts();
  for (const Space& space : store_->spaces()) {
    LoadedSpace& slot = spaces_[space.name];
    const auto stored = counts.vectors.find(space.name);
    if (!matches_store(slot, stored == counts.vectors.end() ? 0 : stored->second)) {
      spdlog::info("space {}: building the index", space.name);
      auto built = build_space_index(space, options_->index, live_->originals(), *store_, stop_, refusals_of(space));
      TAMIS_RETURN_IF_ERROR(check_stop());
      if (!built.is_ok()) {
        live_->quarantine().add(Quarantine::kSpace, in_quotes(space.name), built.status());
        continue;
      }
      slot.index = std::move(built).value();
    }
    live_->publish([&](ReadState& state) { state.spaces[space.name] = slot.index; });
  }
  return Status::ok();
}

Status Recovery::load_funnels() {
  TAMIS_ASSIGN_OR_RETURN(const auto documents, store_->list_documents("funnel"));
  for (const auto& document : documents) live_->put_funnel(document.name, document.json);
  return Status::ok();
}

}  // namespace tamis::engine
