#include "engine/replay/replay_store.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace tamis::engine {
namespace {

Status unasked() { return Status::internal("a replayed store holds only what queries read"); }

}  // namespace

// Ids count up in the order of the log. One that is there already may have another name in this record than it had
// before: that of a user who was erased, or of a session that was merged, is taken out of the log bit by bit.
Status ReplayStore::assign(EntityKind kind, std::string_view id, DenseId expected, bool* is_new) {
  storage::IdTable& table = kind == EntityKind::kUser ? users_ : items_;
  if (expected < table.size()) return Status::ok();
  if (expected > table.size()) {
    return Status::corruption("the log gives \"" + std::string(id) + "\" the id " + std::to_string(expected) +
                              " where its records before lead to " + std::to_string(table.size()));
  }
  table.set(expected, id);
  if (is_new != nullptr) *is_new = true;
  return Status::ok();
}

Status ReplayStore::absorb(storage::CommittedRecord* record) {
  const auto id_of = [&](EntityKind kind) { return kind == EntityKind::kUser ? record->user : record->item; };
  if (const auto* put = std::get_if<PutInteraction>(&record->mutation)) {
    TAMIS_RETURN_IF_ERROR(assign(EntityKind::kUser, put->interaction.user, record->user, &record->new_user));
    TAMIS_RETURN_IF_ERROR(assign(EntityKind::kItem, put->interaction.item, record->item, &record->new_item));
    keep(*record, put->interaction);
  } else if (const auto* entity = std::get_if<PutEntity>(&record->mutation)) {
    TAMIS_RETURN_IF_ERROR(assign(entity->kind, entity->entity.id, id_of(entity->kind), nullptr));
  } else if (const auto* vector = std::get_if<PutVector>(&record->mutation)) {
    bool* is_new = vector->kind == EntityKind::kUser ? &record->new_user : &record->new_item;
    TAMIS_RETURN_IF_ERROR(assign(vector->kind, vector->id, id_of(vector->kind), is_new));
  } else if (const auto* erased = std::get_if<DeleteEntity>(&record->mutation);
             erased != nullptr && erased->kind == EntityKind::kUser) {
    if (record->user >= users_.size()) return Status::corruption("the log deletes a user whom it never named");
    take(
        record->user, [](const Row&) { return true; }, &record->affected);
    if (erased->erase) users_.set(record->user, {});
  } else if (const auto* taken = std::get_if<DeleteInteractions>(&record->mutation)) {
    for (const InteractionRef& ref : taken->rows) {
      const auto is_it = [&](const Row& row) { return row.sequence == ref.sequence; };
      for (const DenseId user : owners(ref)) take(user, is_it, &record->affected);
    }
  } else if (const auto* merge = std::get_if<MergeUser>(&record->mutation)) {
    TAMIS_RETURN_IF_ERROR(absorb_merge(*merge, record));
  }
  last_sequence_ = record->sequence;
  return Status::ok();
}

Status ReplayStore::absorb_merge(const MergeUser& merge, storage::CommittedRecord* record) {
  if (record->session >= users_.size()) return Status::corruption("the log merges a session that it never named");
  if (record->user != kNoDenseId && !merge.moved.empty()) {
    TAMIS_RETURN_IF_ERROR(assign(EntityKind::kUser, merge.user, record->user, &record->new_user));
  }
  Rows moved;
  take(
      record->session,
      [&](const Row& row) {
        if (!std::binary_search(merge.moved.begin(), merge.moved.end(), row.sequence)) return false;
        moved.push_back(row);
        return true;
      },
      &record->affected);
  for (const Row& row : moved) insert(record->user, row);
  if (merge.complete) users_.set(record->session, {});
  return Status::ok();
}

// Whose it may be: mostly the user of that name.
std::vector<DenseId> ReplayStore::owners(const InteractionRef& ref) const {
  if (const auto user = users_.find(ref.user)) return {*user};
  if (const auto user = storage::parse_nameless_user(ref.user)) return {*user};
  std::vector<DenseId> all;
  for (const auto& [user, rows] : rows_) all.push_back(user);
  return all;
}

void ReplayStore::take(DenseId user, const std::function<bool(const Row&)>& is_taken,
                       std::vector<storage::StoredInteraction>* taken) {
  const auto found = rows_.find(user);
  if (found == rows_.end()) return;
  std::erase_if(found->second, [&](const Row& row) {
    if (!is_taken(row)) return false;
    taken->push_back(as_stored(user, row));
    return true;
  });
  if (found->second.empty()) rows_.erase(found);
}

void ReplayStore::keep(const storage::CommittedRecord& record, const Interaction& interaction) {
  const auto [type, is_new] =
      type_ids_.try_emplace(interaction.type, static_cast<storage::InteractionTypeId>(types_.size()));
  if (is_new) types_.push_back(interaction.type);
  insert(record.user, {.timestamp_ms = interaction.timestamp_ms,
                       .sequence = record.sequence,
                       .item = record.item,
                       .type = type->second,
                       .has_value = interaction.value.has_value(),
                       .value = interaction.value.value_or(0)});
}

std::uint64_t ReplayStore::memory_bytes() const {
  constexpr std::uint64_t kNodeBytes = 64;  // of the map, with its bucket
  std::uint64_t bytes = 0;
  for (const auto& [user, rows] : rows_) bytes += kNodeBytes + rows.capacity() * sizeof(Row);
  return bytes;
}

void ReplayStore::insert(DenseId user, const Row& row) {
  Rows& rows = rows_[user];
  const auto comes_before = [](const Row& a, const Row& b) {
    return std::tie(a.timestamp_ms, a.sequence) < std::tie(b.timestamp_ms, b.sequence);
  };
  rows.insert(std::upper_bound(rows.begin(), rows.end(), row, comes_before), row);
}

storage::StoredInteraction ReplayStore::as_stored(DenseId user, const Row& row) {
  storage::StoredInteraction stored;
  stored.sequence = row.sequence;
  stored.user = user;
  stored.item = row.item;
  stored.type = row.type;
  stored.timestamp_ms = row.timestamp_ms;
  if (row.has_value) stored.value = row.value;
  return stored;
}

std::string ReplayStore::interaction_type_name(storage::InteractionTypeId type) const { return types_.at(type); }

std::optional<storage::InteractionTypeId> ReplayStore::find_interaction_type(std::string_view name) const {
  const auto found = type_ids_.find(std::string(name));
  return found == type_ids_.end() ? std::nullopt : std::optional(found->second);
}

Result<std::vector<storage::StoredInteraction>> ReplayStore::user_interactions(
    DenseId user, std::size_t limit, std::optional<InteractionCursor> before) const {
  std::vector<storage::StoredInteraction> page;
  const auto found = rows_.find(user);
  if (found == rows_.end()) return page;
  for (auto row = found->second.rbegin(); row != found->second.rend() && page.size() < limit; ++row) {
    if (before && std::tie(row->timestamp_ms, row->sequence) >= std::tie(before->timestamp_ms, before->sequence))
      continue;
    page.push_back(as_stored(user, *row));
  }
  return page;
}

Result<std::vector<storage::StoredInteraction>> ReplayStore::item_interactions(
    DenseId item, std::size_t limit, std::optional<InteractionCursor> before) const {
  static_cast<void>(item);
  static_cast<void>(limit);
  static_cast<void>(before);
  return unasked();
}

Result<std::vector<storage::CommittedRecord>> ReplayStore::commit(std::span<const Mutation>, Durability) {
  return unasked();
}
Result<storage::CommittedGroup> ReplayStore::commit_group(std::span<std::vector<Mutation>>, Durability) {
  return unasked();
}
Status ReplayStore::sync() { return unasked(); }
Status ReplayStore::reopen() { return unasked(); }
Result<Entity> ReplayStore::get_entity(EntityKind, DenseId) const { return unasked(); }
Status ReplayStore::scan_entities(EntityKind, DenseId, const std::function<bool(DenseId, Entity&&)>&) const {
  return unasked();
}
Status ReplayStore::scan_interactions(bool, const std::function<bool(const storage::StoredInteraction&)>&) const {
  return unasked();
}
Status ReplayStore::scan_interactions_by_item(const std::function<bool(const storage::StoredInteraction&)>&) const {
  return unasked();
}
Result<Space> ReplayStore::get_space(std::string_view) const { return unasked(); }
Result<VersionedVector> ReplayStore::get_vector(std::string_view, EntityKind, DenseId) const { return unasked(); }
Status ReplayStore::get_vectors(std::string_view, EntityKind, std::span<const DenseId>,
                                const std::function<void(std::size_t, VersionedVector&&)>&) const {
  return unasked();
}
Status ReplayStore::scan_vectors(std::string_view, EntityKind,
                                 const std::function<bool(DenseId, std::span<const float>)>&) const {
  return unasked();
}
Result<std::string> ReplayStore::get_document(std::string_view, std::string_view) const { return unasked(); }
Result<std::vector<storage::Document>> ReplayStore::list_documents(std::string_view) const { return unasked(); }
Status ReplayStore::read_log(Sequence, const std::function<bool(const storage::CommittedRecord&)>&) const {
  return unasked();
}
Result<Sequence> ReplayStore::trim_log(const LogRetention&) { return unasked(); }
Status ReplayStore::erase_departed(std::span<const storage::DepartedUser>, std::atomic<bool>*) { return unasked(); }
Status ReplayStore::remove_impressions(std::span<const storage::ImpressionRow>) { return unasked(); }
Status ReplayStore::write_impressions(const storage::ImpressionBatch&) { return unasked(); }
Status ReplayStore::scan_impressions(
    TimestampMs, TimestampMs,
    const std::function<bool(const storage::Impression&, std::span<const storage::Outcome>)>&) const {
  return unasked();
}
Status ReplayStore::prune_impressions(TimestampMs) { return unasked(); }
Result<Sequence> ReplayStore::attributed_through() const { return unasked(); }
Status ReplayStore::checkpoint(const std::filesystem::path&) const { return unasked(); }
Status ReplayStore::flush() { return unasked(); }

}  // namespace tamis::engine
