// RocksStore, continued: reads.
#include <algorithm>
#include <memory>

#include "storage/anonymise.h"
#include "storage/key_codec.h"
#include "storage/log_codec.h"
#include "storage/rocks_status.h"
#include "storage/rocks_store.h"
#include "storage/table_scan.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

Status malformed_key(const rocksdb::ColumnFamilyHandle* family) {
  return Status::corruption("the table " + family->GetName() + " holds a malformed key");
}

using Cursor = std::optional<Store::InteractionCursor>;

// The newest `limit` rows of one owner that come after `before`.
template <typename Visit>
Status read_history(const OpenDatabase& database, Table table, DenseId owner, std::size_t limit, const Cursor& before,
                    Visit visit) {
  rocksdb::ColumnFamilyHandle* family = database.table(table);
  const EntityKey prefix = entity_key(owner);
  const std::string end = prefix_end(prefix.view());
  const rocksdb::Slice upper_bound = end;
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  if (!end.empty()) options.iterate_upper_bound = &upper_bound;
  const std::unique_ptr<rocksdb::Iterator> row(database.db()->NewIterator(options, family));
  if (before) {
    const HistoryKey last =
        history_key({.owner = owner, .timestamp_ms = before->timestamp_ms, .sequence = before->sequence});
    row->Seek(last.view());
    if (row->Valid() && row->key() == rocksdb::Slice(last.view())) row->Next();
  } else {
    row->Seek(prefix.view());
  }
  for (std::size_t i = 0; i < limit && row->Valid(); ++i, row->Next()) {
    const auto position = decode_history_key(row->key().ToStringView());
    if (!position) return malformed_key(family);
    TAMIS_RETURN_IF_ERROR(visit(*position, row->value().ToStringView()));
  }
  return from_rocks(row->status(), "read a history");
}

}  // namespace

Result<Entity> RocksStore::get_entity(EntityKind kind, DenseId id) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = pinned.database->db()->Get(
      rocksdb::ReadOptions(), pinned.database->table(entity_table(kind)), entity_key(id).view(), &value);
  if (status.IsNotFound()) return Status::not_found("there is no such user or item");
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read an entity"));
  Entity entity;
  TAMIS_RETURN_IF_ERROR(decode_entity(value.ToStringView(), &entity));
  entity.id = ids(kind).name(id);
  return entity;
}

Status RocksStore::scan_entities(EntityKind kind, DenseId first,
                                 const std::function<bool(DenseId, Entity&&)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(entity_table(kind));
  return scan(*pinned.database, family, entity_key(first).view(), {},
              [&](std::string_view key, std::string_view value) -> Result<bool> {
                const auto id = decode_entity_key(key);
                if (!id) return malformed_key(family);
                Entity entity;
                TAMIS_RETURN_IF_ERROR(decode_entity(value, &entity));
                entity.id = ids(kind).name(*id);
                return visit(*id, std::move(entity));
              });
}

Result<std::vector<StoredInteraction>> RocksStore::user_interactions(DenseId user, std::size_t limit,
                                                                     std::optional<InteractionCursor> before) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  std::vector<StoredInteraction> rows;
  TAMIS_RETURN_IF_ERROR(read_history(*pinned.database, Table::kInteractions, user, limit, before,
                                     [&](const HistoryPosition& position, std::string_view value) -> Status {
                                       StoredInteraction& row = rows.emplace_back();
                                       row.sequence = position.sequence;
                                       row.user = position.owner;
                                       row.timestamp_ms = position.timestamp_ms;
                                       return decode_interaction(value, true, &row);
                                     }));
  return rows;
}

Result<StoredInteraction> RocksStore::from_item_row(const Pin& pin, const HistoryPosition& position,
                                                    std::string_view value) const {
  ByItemRow stored;
  TAMIS_RETURN_IF_ERROR(decode_by_item(value, &stored));
  StoredInteraction row;
  if (stored.has_details) {
    HistoryPosition in_user = position;
    in_user.owner = stored.user;
    rocksdb::PinnableSlice details;
    const rocksdb::Status status = pin.database->db()->Get(
        rocksdb::ReadOptions(), pin.database->table(Table::kInteractions), history_key(in_user).view(), &details);
    // Not found: the user was deleted while this read ran; the row goes out without its details.
    if (status.ok()) {
      TAMIS_RETURN_IF_ERROR(decode_interaction(details.ToStringView(), true, &row));
    } else if (!status.IsNotFound()) {
      return from_rocks(status, "read an interaction");
    }
  }
  row.sequence = position.sequence;
  row.user = stored.user;
  row.item = position.owner;
  row.type = stored.type;
  row.timestamp_ms = position.timestamp_ms;
  row.value = stored.value;
  return row;
}

Result<std::vector<StoredInteraction>> RocksStore::item_interactions(DenseId item, std::size_t limit,
                                                                     std::optional<InteractionCursor> before) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  std::vector<StoredInteraction> rows;
  const auto keep = [&](const HistoryPosition& position, std::string_view value) -> Status {
    TAMIS_ASSIGN_OR_RETURN(rows.emplace_back(), from_item_row(pinned, position, value));
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(read_history(*pinned.database, Table::kByItem, item, limit, before, keep));
  return rows;
}

Status RocksStore::scan_interactions(bool with_context,
                                     const std::function<bool(const StoredInteraction&)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(Table::kInteractions);
  StoredInteraction row;
  return scan(*pinned.database, family, {}, {}, [&](std::string_view key, std::string_view value) -> Result<bool> {
    const auto position = decode_history_key(key);
    if (!position) return malformed_key(family);
    row.sequence = position->sequence;
    row.user = position->owner;
    row.timestamp_ms = position->timestamp_ms;
    TAMIS_RETURN_IF_ERROR(decode_interaction(value, with_context, &row));
    return visit(row);
  });
}

Status RocksStore::scan_interactions_by_item(const std::function<bool(const StoredInteraction&)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(Table::kByItem);
  StoredInteraction row;
  return scan(*pinned.database, family, {}, {}, [&](std::string_view key, std::string_view value) -> Result<bool> {
    const auto position = decode_history_key(key);
    if (!position) return malformed_key(family);
    ByItemRow stored;
    TAMIS_RETURN_IF_ERROR(decode_by_item(value, &stored));
    row.sequence = position->sequence;
    row.user = stored.user;
    row.item = position->owner;
    row.type = stored.type;
    row.timestamp_ms = position->timestamp_ms;
    row.value = stored.value;
    return visit(row);
  });
}

std::vector<Space> RocksStore::spaces() const {
  const std::shared_ptr<const SpaceMap> stored = [&] {
    ReaderLock lock(published_mutex_);
    return published_.spaces;
  }();
  std::vector<Space> spaces;
  if (stored == nullptr) return spaces;
  for (const auto& [name, space] : *stored) spaces.push_back(space->space);
  return spaces;
}

Result<std::shared_ptr<StoredSpace>> RocksStore::find_space(const Pin& pin, std::string_view name) const {
  const auto found = pin.spaces->find(name);
  if (found != pin.spaces->end()) return found->second;
  return Status::not_found("there is no space \"" + std::string(name) + "\"");
}

Result<Space> RocksStore::get_space(std::string_view name) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> space, find_space(pinned, name));
  return space->space;
}

Result<VersionedVector> RocksStore::get_vector(std::string_view space, EntityKind kind, DenseId id) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> stored, find_space(pinned, space));
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      pinned.database->db()->Get(rocksdb::ReadOptions(), stored->family.get(), vector_key(kind, id).view(), &value);
  if (status.IsNotFound()) return Status::not_found("there is no such vector in space " + stored->space.name);
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read a vector"));
  VersionedVector found;
  TAMIS_RETURN_IF_ERROR(decode_vector(value.ToStringView(), stored->space.dim, &found.vector, &found.version));
  return found;
}

Status RocksStore::get_vectors(std::string_view space, EntityKind kind, std::span<const DenseId> ids,
                               const std::function<void(std::size_t, VersionedVector&&)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> stored, find_space(pinned, space));
  std::vector<VectorKey> keys;
  keys.reserve(ids.size());
  for (const DenseId id : ids) keys.push_back(vector_key(kind, id));
  std::vector<rocksdb::Slice> slices;
  slices.reserve(ids.size());
  for (const VectorKey& key : keys) slices.emplace_back(key.view());
  std::vector<rocksdb::PinnableSlice> values(ids.size());
  std::vector<rocksdb::Status> statuses(ids.size());
  pinned.database->db()->MultiGet(rocksdb::ReadOptions(), stored->family.get(), ids.size(), slices.data(),
                                  values.data(), statuses.data());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    TAMIS_RETURN_IF_ERROR(from_rocks(statuses[i], "read vectors"));
    VersionedVector found;
    TAMIS_RETURN_IF_ERROR(decode_vector(values[i].ToStringView(), stored->space.dim, &found.vector, &found.version));
    visit(i, std::move(found));
  }
  return Status::ok();
}

Status RocksStore::scan_vectors(std::string_view space, EntityKind kind,
                                const std::function<bool(DenseId, std::span<const float>)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> stored, find_space(pinned, space));
  const std::string first(1, static_cast<char>(kind));
  std::vector<float> vector;
  std::uint64_t version = 0;
  return scan(*pinned.database, stored->family.get(), first, prefix_end(first),
              [&](std::string_view key, std::string_view value) -> Result<bool> {
                const auto id = decode_vector_key(kind, key);
                if (!id) return malformed_key(stored->family.get());
                TAMIS_RETURN_IF_ERROR(decode_vector(value, stored->space.dim, &vector, &version));
                return visit(*id, vector);
              });
}

Result<std::string> RocksStore::get_document(std::string_view collection, std::string_view name) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  std::string json;
  const rocksdb::Status status =
      pinned.database->db()->Get(rocksdb::ReadOptions(), pinned.database->table(document_table_of(collection)),
                                 document_key(collection, name), &json);
  if (status.IsNotFound()) {
    return Status::not_found("there is no " + std::string(collection) + " \"" + std::string(name) + "\"");
  }
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read a document"));
  return json;
}

Result<std::vector<Document>> RocksStore::list_documents(std::string_view collection) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  std::vector<Document> documents;
  const std::string prefix = document_prefix(collection);
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(document_table_of(collection));
  TAMIS_RETURN_IF_ERROR(scan(*pinned.database, family, prefix + std::string(), {},
                             [&](std::string_view key, std::string_view value) -> Result<bool> {
                               if (!key.starts_with(prefix)) return false;
                               documents.push_back(
                                   {.name = std::string(key.substr(prefix.size())), .json = std::string(value)});
                               return true;
                             }));
  return documents;
}

Status RocksStore::read_log(Sequence from, const std::function<bool(const CommittedRecord&)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* family = pinned.database->table(Table::kLog);
  const Sequence start = std::max<Sequence>(from, 1);
  Sequence expected = start;
  CommittedRecord record;
  return scan(*pinned.database, family, log_key(start).view(), {},
              [&](std::string_view key, std::string_view value) -> Result<bool> {
                const auto sequence = decode_log_key(key);
                if (!sequence) return malformed_key(family);
                if (*sequence != expected) {
                  if (expected == start) {
                    return Status::failed_precondition("the log begins with sequence " + std::to_string(*sequence) +
                                                       "; " + std::to_string(start) + " is no longer kept");
                  }
                  return Status::corruption("the log skips from sequence " + std::to_string(expected - 1) + " to " +
                                            std::to_string(*sequence));
                }
                ++expected;
                record.sequence = *sequence;
                TAMIS_RETURN_IF_ERROR(decode_log_record(value, &record.committed_ms, &record.mutation));
                if (!departed_.empty()) anonymise(*sequence, departed_, /*erased_only=*/true, &record.mutation);
                name_entities(&record);
                return visit(record);
              });
}

// The dense id that the name stood for then.
DenseId RocksStore::user_in_record(std::string_view name, Sequence sequence) const {
  if (const auto departed = departed_.find(name, sequence)) return departed->user;
  if (const auto nameless = parse_nameless_user(name)) return *nameless;
  return users_.find(name).value_or(kNoDenseId);
}

// Fills in the dense ids of the entities that the mutation names.
void RocksStore::name_entities(CommittedRecord* record) const {
  record->user = kNoDenseId;
  record->item = kNoDenseId;
  record->session = kNoDenseId;
  const auto name = [&](EntityKind kind, const std::string& id) {
    if (kind == EntityKind::kUser) {
      record->user = user_in_record(id, record->sequence);
    } else {
      record->item = items_.find(id).value_or(kNoDenseId);
    }
  };
  if (const auto* interaction = std::get_if<PutInteraction>(&record->mutation)) {
    name(EntityKind::kUser, interaction->interaction.user);
    name(EntityKind::kItem, interaction->interaction.item);
  } else if (const auto* put = std::get_if<PutEntity>(&record->mutation)) {
    name(put->kind, put->entity.id);
  } else if (const auto* erased = std::get_if<DeleteEntity>(&record->mutation)) {
    name(erased->kind, erased->id);
  } else if (const auto* vector = std::get_if<PutVector>(&record->mutation)) {
    name(vector->kind, vector->id);
  } else if (const auto* no_vector = std::get_if<DeleteVector>(&record->mutation)) {
    name(no_vector->kind, no_vector->id);
  } else if (const auto* merge = std::get_if<MergeUser>(&record->mutation)) {
    name(EntityKind::kUser, merge->user);
    record->session = user_in_record(merge->session, record->sequence);
  }
}

}  // namespace tamis::storage
