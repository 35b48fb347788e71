#include "storage/write_stage.h"

#include <algorithm>
#include <limits>

#include "storage/log_codec.h"
#include "storage/rocks_status.h"
#include "storage/storable.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

// A vector of the database as one number: column family (31 bits), kind, dense id.
std::uint64_t vector_place(const StoredSpace& space, EntityKind kind, DenseId id) {
  return std::uint64_t{space.family->GetID()} << 33 | std::uint64_t{kind_index(kind)} << 32 | id;
}

}  // namespace

WriteStage::WriteStage(const CommitContext& context)
    : context_(context),
      state_(*context.state),
      database_(*context.database),
      batch_(*context.batch),
      first_sequence_(context.state->last_sequence),
      first_spaces_(context.state->spaces),
      users_(context.users),
      items_(context.items),
      types_(context.types) {
  batch_.Clear();
}

Result<WriteAck> WriteStage::add_write(std::vector<Mutation>* mutations) {
  const Mark before = mark();
  WriteAck ack;
  ignored_ = 0;
  outdated_ = 0;
  records_.reserve(records_.size() + mutations->size());
  for (std::size_t i = 0; i < mutations->size(); ++i) {
    Status staged = stage(&(*mutations)[i]);
    if (staged.is_ok()) staged = from_rocks(batch_status_, "build the batch");
    if (!staged.is_ok()) {
      rollback(before);
      return staged;
    }
  }
  ack.accepted = state_.last_sequence - before.sequence;
  ack.ignored = ignored_;
  ack.outdated = outdated_;
  ack.duplicates = mutations->size() - ack.accepted - ack.ignored - ack.outdated;
  ack.sequence = state_.last_sequence;
  for (std::size_t i = before.records; i < records_.size(); ++i) ack.affected += records_[i].affected.size();
  batch_.PopSavePoint();
  return ack;
}

Status WriteStage::finish() {
  const auto put_blocks = [&](PresenceSet* set) {
    for (const std::uint32_t block : set->take_dirty_blocks()) {
      value_.clear();
      set->encode_block(block, &value_);
      put(database_.table(Table::kCounters), presence_key(set->name(), block));
    }
  };
  for (PresenceSet& set : state_.live) put_blocks(&set);
  for (const auto& [name, space] : *state_.spaces) {
    for (PresenceSet& set : space->vectors) put_blocks(&set);
  }
  value_.clear();
  encode_totals({.sequence = state_.last_sequence, .interactions = state_.interactions}, &value_);
  put(database_.table(Table::kCounters), kTotalsKey);
  return from_rocks(batch_status_, "build the batch");
}

bool WriteStage::still_exists(const StoredSpace& space) const {
  const auto now = state_.spaces->find(space.space.name);
  return now != state_.spaces->end() && now->second->family == space.family;
}

bool WriteStage::needs_sync() const {
  return std::any_of(first_spaces_->begin(), first_spaces_->end(),
                     [&](const auto& entry) { return !still_exists(*entry.second); });
}

Status WriteStage::publish() {
  users_.publish();
  items_.publish();
  types_.publish();
  for (DepartedUser& departed : departed_) context_.departed->put(std::move(departed));
  for (const auto& [name, space] : *first_spaces_) {
    if (!still_exists(*space)) TAMIS_RETURN_IF_ERROR(database_.drop_vector_family(space->family->GetName()));
  }
  return Status::ok();
}

WriteStage::Mark WriteStage::mark() {
  batch_.SetSavePoint();
  return {.sequence = state_.last_sequence,
          .interactions = state_.interactions,
          .spaces = state_.spaces,
          .records = records_.size(),
          .users = users_.size(),
          .items = items_.size(),
          .types = types_.size(),
          .staged_interactions = staged_interactions_.size(),
          .departed = departed_.size(),
          .undo = undo_.size()};
}

void WriteStage::rollback(const Mark& mark) {
  (void)batch_.RollbackToSavePoint();  // fails only without a save point
  batch_status_ = rocksdb::Status::OK();
  for (; undo_.size() > mark.undo; undo_.pop_back()) undo_.back()();
  state_.last_sequence = mark.sequence;
  state_.interactions = mark.interactions;
  state_.spaces = mark.spaces;
  records_.resize(mark.records);
  users_.rollback(mark.users);
  items_.rollback(mark.items);
  types_.rollback(mark.types);
  staged_interactions_.resize(mark.staged_interactions);
  departed_.resize(mark.departed);
}

Status WriteStage::stage(Mutation* mutation) {
  TAMIS_RETURN_IF_ERROR(check_storable(*mutation));
  return std::visit([&](auto& alternative) { return stage_one(&alternative, mutation); }, *mutation);
}

void WriteStage::append_record(Mutation* mutation, DenseId user, DenseId item) {
  ++state_.last_sequence;
  value_.clear();
  encode_log_record(context_.now_ms, *mutation, &value_);
  put(database_.table(Table::kLog), log_key(state_.last_sequence).view());
  CommittedRecord& record = records_.emplace_back();
  record.sequence = state_.last_sequence;
  record.committed_ms = context_.now_ms;
  record.user = user;
  record.item = item;
  record.mutation = std::move(*mutation);
}

CommittedRecord& WriteStage::append_unstored(Mutation* mutation) {
  CommittedRecord& record = records_.emplace_back();
  record.committed_ms = context_.now_ms;
  record.duplicate = true;
  record.mutation = std::move(*mutation);
  return record;
}

void WriteStage::ignore(Mutation* mutation) {
  append_unstored(mutation);
  ++ignored_;
}

void WriteStage::pass_over(Mutation* mutation) {
  append_unstored(mutation);
  ++outdated_;
}

Result<std::uint64_t> WriteStage::current_vector_version(const StoredSpace& space, EntityKind kind, DenseId id) {
  const auto staged = vector_versions_.find(vector_place(space, kind, id));
  if (staged != vector_versions_.end()) return staged->second;
  rocksdb::PinnableSlice value;
  TAMIS_RETURN_IF_ERROR(
      from_rocks(database_.db()->Get(rocksdb::ReadOptions(), space.family.get(), vector_key(kind, id).view(), &value),
                 "read a vector"));
  std::vector<float> vector;
  std::uint64_t version = 0;
  TAMIS_RETURN_IF_ERROR(decode_vector(value.ToStringView(), space.space.dim, &vector, &version));
  return version;
}

void WriteStage::note_vector_version(const StoredSpace& space, EntityKind kind, DenseId id, std::uint64_t version) {
  const std::uint64_t place = vector_place(space, kind, id);
  const auto [entry, is_new] = vector_versions_.try_emplace(place, version);
  if (is_new) {
    undo_.emplace_back([this, place] { vector_versions_.erase(place); });
  } else {
    undo_.emplace_back([this, place, before = entry->second] { vector_versions_[place] = before; });
    entry->second = version;
  }
}

bool WriteStage::is_erased(EntityKind kind, std::string_view name) const {
  if (kind != EntityKind::kUser || (context_.departed->empty() && departed_.empty()) || users_.find(name)) return false;
  return context_.departed->is_erased(name) ||
         std::any_of(departed_.begin(), departed_.end(),
                     [&](const DepartedUser& departed) { return departed.erased && departed.name == name; });
}

void WriteStage::depart(DenseId user, const std::string& name, bool erased, DenseId into) {
  users_.take_name(user);
  undo_.emplace_back([this, user] { users_.give_back_name(user); });
  value_.clear();
  put(database_.table(Table::kIds), id_key(IdSpace::kUser, user).view());
  put_departed({.name = name, .user = user, .sequence = state_.last_sequence + 1, .erased = erased, .into = into});
}

void WriteStage::put_departed(DepartedUser departed) {
  value_.clear();
  encode_departed_user(departed, &value_);
  put(database_.table(Table::kMeta), departed_key(departed.user));
  departed_.push_back(std::move(departed));
}

void WriteStage::erase_sessions_of(DenseId user) {
  std::vector<DenseId> users = {user};
  while (!users.empty()) {
    std::vector<DepartedUser> sessions = context_.departed->merged_into(users.back());
    for (const DepartedUser& departed : departed_) {
      if (departed.into == users.back() && !departed.erased) sessions.push_back(departed);
    }
    users.pop_back();
    for (DepartedUser& session : sessions) {
      users.push_back(session.user);
      session.erased = true;
      put_departed(std::move(session));
    }
  }
}

void WriteStage::put(rocksdb::ColumnFamilyHandle* family, std::string_view key) {
  const rocksdb::Status status = batch_.Put(family, key, value_);
  if (!status.ok() && batch_status_.ok()) batch_status_ = status;
}

void WriteStage::erase(rocksdb::ColumnFamilyHandle* family, std::string_view key) {
  const rocksdb::Status status = batch_.Delete(family, key);
  if (!status.ok() && batch_status_.ok()) batch_status_ = status;
}

Result<DenseId> WriteStage::resolve(EntityKind kind, std::string_view name) {
  StagedIds& table = ids(kind);
  if (const auto known = table.find(name)) return *known;
  if (table.size() >= kNoDenseId) return Status::resource_exhausted("every dense id is taken");
  const DenseId id = table.assign(name);
  value_.assign(name);
  put(database_.table(Table::kIds), id_key(id_space(kind), id).view());
  return id;
}

Result<DenseId> WriteStage::touch(EntityKind kind, std::string_view name, bool* is_new) {
  if (const auto known = ids(kind).find(name)) return *known;
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, resolve(kind, name));
  *is_new = true;
  set_present(&state_.live[kind_index(kind)], id, true);
  note_entity(kind, id, kNoRecord);
  value_.clear();
  Entity empty;
  empty.updated_ms = context_.now_ms;
  encode_entity(empty, &value_);
  put(database_.table(entity_table(kind)), entity_key(id).view());
  return id;
}

Result<DenseId> WriteStage::find_live(EntityKind kind, std::string_view name) const {
  const auto id = (kind == EntityKind::kUser ? users_ : items_).find(name);
  if (id && state_.live[kind_index(kind)].contains(*id)) return *id;
  return Status::not_found((kind == EntityKind::kUser ? "there is no user \"" : "there is no item \"") +
                           std::string(name) + "\"");
}

Result<InteractionTypeId> WriteStage::resolve_type(std::string_view name) {
  if (const auto known = types_.find(name)) return static_cast<InteractionTypeId>(*known);
  if (types_.size() > std::numeric_limits<InteractionTypeId>::max()) {
    return Status::resource_exhausted("there are 65536 interaction types already; \"" + std::string(name) +
                                      "\" would be one more");
  }
  const DenseId id = types_.assign(name);
  value_.assign(name);
  put(database_.table(Table::kIds), id_key(IdSpace::kInteractionType, id).view());
  return static_cast<InteractionTypeId>(id);
}

void WriteStage::set_present(PresenceSet* set, DenseId id, bool present) {
  if (set->contains(id) == present) return;
  set->set(id, present);
  undo_.emplace_back([set, id, present] { set->set(id, !present); });
}

void WriteStage::note_entity(EntityKind kind, DenseId id, std::size_t record) {
  const std::uint64_t key = std::uint64_t{kind_index(kind)} << 32 | id;
  const auto [entry, is_new] = entities_.try_emplace(key, record);
  if (is_new) {
    undo_.emplace_back([this, key] { entities_.erase(key); });
  } else {
    undo_.emplace_back([this, key, before = entry->second] { entities_[key] = before; });
    entry->second = record;
  }
}

Result<Entity> WriteStage::current_entity(EntityKind kind, DenseId id) {
  if (const auto staged = entities_.find(std::uint64_t{kind_index(kind)} << 32 | id); staged != entities_.end()) {
    if (staged->second == kNoRecord) return Entity{};
    return std::get<PutEntity>(records_[staged->second].mutation).entity;
  }
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_.db()->Get(rocksdb::ReadOptions(), database_.table(entity_table(kind)), entity_key(id).view(), &value);
  if (status.IsNotFound()) return Status::corruption("the row of a live entity is missing");
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read an entity"));
  Entity entity;
  TAMIS_RETURN_IF_ERROR(decode_entity(value.ToStringView(), &entity));
  return entity;
}

Result<std::shared_ptr<StoredSpace>> WriteStage::find_space(std::string_view name) const {
  const auto found = state_.spaces->find(name);
  if (found != state_.spaces->end()) return found->second;
  return Status::not_found("there is no space \"" + std::string(name) + "\"");
}

void WriteStage::replace_spaces(const std::function<void(SpaceMap*)>& change) {
  auto spaces = std::make_shared<SpaceMap>(*state_.spaces);
  change(spaces.get());
  state_.spaces = std::move(spaces);
}

rocksdb::ColumnFamilyHandle* WriteStage::document_table(std::string_view collection) const {
  return database_.table(document_table_of(collection));
}

void WriteStage::note_document(const std::string& key, bool exists) {
  const auto before = documents_.find(key);
  if (before == documents_.end()) {
    undo_.emplace_back([this, key] { documents_.erase(key); });
  } else {
    undo_.emplace_back([this, key, existed = before->second] { documents_[key] = existed; });
  }
  documents_[key] = exists;
}

Result<bool> WriteStage::document_exists(std::string_view collection, const std::string& key) const {
  if (const auto staged = documents_.find(key); staged != documents_.end()) return staged->second;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = database_.db()->Get(rocksdb::ReadOptions(), document_table(collection), key, &value);
  if (status.IsNotFound()) return false;
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read a document"));
  return true;
}

}  // namespace tamis::storage
