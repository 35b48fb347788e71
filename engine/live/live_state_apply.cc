// Committed records, one by one, into memory.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/record_checks.h"
#include "engine/interactions/stored_types.h"
#include "engine/live/live_state.h"
#include "engine/live/space_index.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kFunnels = "funnel";

DenseId dense_id(const storage::CommittedRecord& record, EntityKind kind) {
  return kind == EntityKind::kUser ? record.user : record.item;
}

}  // namespace

void LiveState::apply(std::span<const storage::CommittedRecord> records) {
  item_counter_.begin_group(records);
  for (const auto& record : records) {
    if (!record.duplicate) apply_one(record);
  }
  flush_vectors();
}

void LiveState::apply_one(const storage::CommittedRecord& record) {
  std::visit([&](const auto& mutation) { apply_mutation(record, mutation); }, record.mutation);
}

void LiveState::create_entity(EntityKind kind, DenseId id, const std::string& external_id, TimestampMs committed_ms) {
  Entity entity;
  entity.id = external_id;
  entity.updated_ms = committed_ms;
  put_entity(kind, id, entity, committed_ms);
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const PutInteraction& put) {
  const Interaction& interaction = put.interaction;
  if (record.new_user) create_entity(EntityKind::kUser, record.user, interaction.user, record.committed_ms);
  if (record.new_item) create_entity(EntityKind::kItem, record.item, interaction.item, record.committed_ms);
  const auto stored = count_interaction(record, interaction);
  if (!stored) return;
  if (item_listener_ != nullptr && options_->online.enabled) item_listener_->on_interaction(record.item);
  histories_.on_interaction(record.user,
                            {record.item, stored->type, history_value(interaction.value), interaction.timestamp_ms},
                            record.sequence);
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const PutEntity& put) {
  Entity entity = put.entity;
  if (entity.updated_ms == 0) entity.updated_ms = record.committed_ms;
  put_entity(put.kind, dense_id(record, put.kind), entity, record.committed_ms);
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const PatchEntity& /*patch*/) {
  // The store records a patch as the put that it amounts to.
  spdlog::error("sequence {}: a patch in the log", record.sequence);
}

void LiveState::remove_entity(EntityKind kind, DenseId id) {
  flush_vectors();
  entities(kind).remove(id);
  expiries_.remove(kind, id);
  for (const auto state = pin(); const auto& [name, space] : state->spaces) {
    index_of(*space, kind).remove(id);
    note_vector(name, kind, store_->ids(kind).name(id), Status::ok());
    space->changes.fetch_add(1, std::memory_order_relaxed);
    vector_rows_.on_changed(name, kind, id);
  }
  if (kind == EntityKind::kItem) {
    item_statistics_.remove(id);
  } else {
    histories_.on_user_deleted(id);
  }
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const DeleteEntity& erased) {
  uncount(record);
  remove_entity(erased.kind, dense_id(record, erased.kind));
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const DeleteInteractions& /*erased*/) {
  uncount(record);
  for (const auto& stored : record.affected) histories_.on_user_deleted(stored.user);  // loaded again when asked for
}

// The interactions keep their items, times and values; what they count may change beside those of the user.
void LiveState::apply_mutation(const storage::CommittedRecord& record, const MergeUser& merge) {
  item_counter_.apply_change(record);
  if (record.new_user) create_entity(EntityKind::kUser, record.user, merge.user, record.committed_ms);
  if (record.user != kNoDenseId) histories_.on_user_deleted(record.user);
  histories_.on_user_deleted(record.session);
  if (merge.complete) remove_entity(EntityKind::kUser, record.session);
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const PutVector& put) {
  const DenseId id = dense_id(record, put.kind);
  if (record.new_user || record.new_item) create_entity(put.kind, id, put.id, record.committed_ms);
  if (!entities(put.kind).contains(id)) return;  // it was deleted: the vector is history
  vector_rows_.on_changed(put.space, put.kind, id);
  const bool same_run = run_.space == put.space && run_.kind == put.kind && !run_.distinct.contains(id);
  if (!same_run) {
    flush_vectors();
    run_.space = put.space;
    run_.kind = put.kind;
  }
  run_.ids.push_back(id);
  run_.distinct.insert(id);
  run_.values.insert(run_.values.end(), put.vector.begin(), put.vector.end());
}

void LiveState::flush_vectors() {
  if (run_.ids.empty()) return;
  const auto state = pin();
  const auto space = state->spaces.find(run_.space);
  if (space != state->spaces.end()) {
    index::VectorIndex& target = index_of(*space->second, run_.kind);
    // A batch that the index refuses has changed nothing: its rows then go one by one.
    if (run_.ids.size() == 1 || !target.upsert_batch(run_.ids, run_.values).is_ok()) {
      upsert_one_by_one(&target);
    } else if (!quarantine_.is_empty()) {
      for (const DenseId id : run_.ids) note_vector(run_.space, run_.kind, store_->ids(run_.kind).name(id), {});
    }
    space->second->changes.fetch_add(1, std::memory_order_relaxed);
  }
  run_.ids.clear();
  run_.distinct.clear();
  run_.values.clear();
}

void LiveState::upsert_one_by_one(index::VectorIndex* target) {
  const std::size_t dim = run_.values.size() / run_.ids.size();
  for (std::size_t i = 0; i < run_.ids.size(); ++i) {
    const Status taken = target->upsert(run_.ids[i], std::span(run_.values).subspan(i * dim, dim));
    if (!taken.is_ok()) target->remove(run_.ids[i]);  // the vector before is no longer the entity's
    note_vector(run_.space, run_.kind, store_->ids(run_.kind).name(run_.ids[i]), taken);
  }
}

void LiveState::apply_mutation(const storage::CommittedRecord& record, const DeleteVector& erased) {
  flush_vectors();
  note_vector(erased.space, erased.kind, erased.id, Status::ok());
  const DenseId id = dense_id(record, erased.kind);
  vector_rows_.on_changed(erased.space, erased.kind, id);
  const auto state = pin();
  const auto space = state->spaces.find(erased.space);
  if (space == state->spaces.end() || id == kNoDenseId) return;
  index_of(*space->second, erased.kind).remove(id);
  space->second->changes.fetch_add(1, std::memory_order_relaxed);
}

void LiveState::apply_mutation(const storage::CommittedRecord& /*record*/, const PutSpace& put) {
  flush_vectors();
  if (pin()->spaces.contains(put.space.name)) return;  // the same definition again
  auto made = make_empty_space_index(put.space, options_->index, originals());
  if (!made.is_ok()) return quarantine_.add(Quarantine::kSpace, in_quotes(put.space.name), made.status());
  publish([&](ReadState& state) { state.spaces[put.space.name] = std::move(made).value(); });
}

void LiveState::apply_mutation(const storage::CommittedRecord& /*record*/, const DeleteSpace& erased) {
  flush_vectors();
  vector_rows_.on_space_changed();
  quarantine_.release(Quarantine::kSpace, in_quotes(erased.name));
  quarantine_.release_ending(Quarantine::kVector, " in space " + in_quotes(erased.name));
  publish([&](ReadState& state) { state.spaces.erase(erased.name); });
}

void LiveState::apply_mutation(const storage::CommittedRecord& /*record*/, const PutDocument& put) {
  if (put.collection == kFunnels) put_funnel(put.name, put.json);
  if (put.collection != kInteractionTypes) return;
  const auto type = parse_interaction_type(put.name, put.json);
  const std::string described = put.collection + " " + in_quotes(put.name);
  if (type.is_ok()) {
    quarantine_.release(Quarantine::kDocument, described);
    change_interaction_types(pin()->interaction_types->with(*type));
  } else {
    quarantine_.add(Quarantine::kDocument, described, type.status());
  }
}

void LiveState::apply_mutation(const storage::CommittedRecord& /*record*/, const DeleteDocument& erased) {
  quarantine_.release(Quarantine::kDocument, erased.collection + " " + in_quotes(erased.name));
  if (erased.collection == kFunnels) delete_funnel(erased.name);
  if (erased.collection == kInteractionTypes) change_interaction_types(pin()->interaction_types->without(erased.name));
}

}  // namespace tamis::engine
