// WriteStage, continued: what each kind of mutation puts into the batch.
#include <cmath>

#include "storage/rocks_status.h"
#include "storage/value_codec.h"
#include "storage/write_stage.h"

namespace tamis::storage {
namespace {

DenseId user_of(EntityKind kind, DenseId id) { return kind == EntityKind::kUser ? id : kNoDenseId; }
DenseId item_of(EntityKind kind, DenseId id) { return kind == EntityKind::kItem ? id : kNoDenseId; }

}  // namespace

Status WriteStage::stage_one(PutEntity* put_entity, Mutation* mutation) {
  const EntityKind kind = put_entity->kind;
  const std::uint64_t version = put_entity->entity.version;
  if (const auto known = ids(kind).find(put_entity->entity.id);
      version != 0 && known && state_.live[kind_index(kind)].contains(*known)) {
    TAMIS_ASSIGN_OR_RETURN(const Entity current, current_entity(kind, *known));
    if (version < current.version) return pass_over(mutation), Status::ok();
  }
  put_entity->entity.updated_ms = context_.now_ms;
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, resolve(kind, put_entity->entity.id));
  set_present(&state_.live[kind_index(kind)], id, true);
  note_entity(kind, id, records_.size());
  value_.clear();
  encode_entity(put_entity->entity, &value_);
  put(database_.table(entity_table(kind)), entity_key(id).view());
  append_record(mutation, user_of(kind, id), item_of(kind, id));
  return Status::ok();
}

// A patch, like a put, brings back what was deleted or has expired: the former from nothing, the latter without its
// old time to live.
Status WriteStage::stage_one(PatchEntity* patch, Mutation* mutation) {
  const auto id = ids(patch->kind).find(patch->id);
  if (!id && !is_erased(patch->kind, patch->id)) return find_live(patch->kind, patch->id).status();
  Entity entity;
  if (id && state_.live[kind_index(patch->kind)].contains(*id)) {
    TAMIS_ASSIGN_OR_RETURN(entity, current_entity(patch->kind, *id));
  }
  if (patch->version != 0 && patch->version < entity.version) return pass_over(mutation), Status::ok();
  if (patch->version != 0) entity.version = patch->version;
  if (entity.expires_ms != 0 && entity.expires_ms <= context_.now_ms) entity.expires_ms = 0;
  entity.id = patch->id;
  for (const std::string& name : patch->removed) entity.features.erase(name);
  for (const auto& [name, value] : patch->features) entity.features.insert_or_assign(name, value);
  if (entity.features.size() > FeatureLimits::kMaxFeatures) {
    return Status::invalid_argument("the patched features of \"" + patch->id + "\" would be " +
                                    std::to_string(entity.features.size()) + "; expected at most " +
                                    std::to_string(FeatureLimits::kMaxFeatures))
        .at_field("features");
  }
  if (patch->expires_ms) entity.expires_ms = *patch->expires_ms;
  if (patch->hidden) entity.hidden = *patch->hidden;
  Mutation outcome = PutEntity{.kind = patch->kind, .entity = std::move(entity)};
  return stage(&outcome);
}

void WriteStage::remove_entity(EntityKind kind, DenseId id) {
  set_present(&state_.live[kind_index(kind)], id, false);
  erase(database_.table(entity_table(kind)), entity_key(id).view());
  for (const auto& [name, space] : *state_.spaces) {
    PresenceSet& vectors = space->vectors[kind_index(kind)];
    if (!vectors.contains(id)) continue;
    set_present(&vectors, id, false);
    erase(space->family.get(), vector_key(kind, id).view());
  }
}

// A user who is deleted already may still be erased: what came late is history, and goes.
Status WriteStage::stage_one(DeleteEntity* erase_entity, Mutation* mutation) {
  const EntityKind kind = erase_entity->kind;
  const auto known = ids(kind).find(erase_entity->id);
  if (!known || !erase_entity->erase) TAMIS_RETURN_IF_ERROR(find_live(kind, erase_entity->id).status());
  const DenseId id = *known;
  remove_entity(kind, id);
  std::vector<StoredInteraction> removed;
  TAMIS_RETURN_IF_ERROR(kind == EntityKind::kUser ? erase_user_interactions(id, &removed) : erase_item_rows(id));
  if (erase_entity->erase) {
    depart(id, erase_entity->id, /*erased=*/true, /*into=*/kNoDenseId);
    erase_sessions_of(id);
  }
  append_record(mutation, user_of(kind, id), item_of(kind, id));
  if (kind == EntityKind::kUser) put_taken(std::move(removed), /*to=*/kNoDenseId);
  return Status::ok();
}

Status WriteStage::stage_one(PutVector* put_vector, Mutation* mutation) {
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> space, find_space(put_vector->space));
  if (put_vector->vector.size() != space->space.dim) {
    return Status::invalid_argument("vector has " + std::to_string(put_vector->vector.size()) +
                                    " elements; expected the " + std::to_string(space->space.dim) + " of space " +
                                    space->space.name)
        .at_field("vector");
  }
  const EntityKind kind = put_vector->kind;
  if (is_erased(kind, put_vector->id)) return ignore(mutation), Status::ok();
  bool is_new = false;
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, touch(kind, put_vector->id, &is_new));
  if (state_.live[kind_index(kind)].contains(id)) {  // else the vector is history
    PresenceSet& vectors = space->vectors[kind_index(kind)];
    if (put_vector->version != 0 && vectors.contains(id)) {
      TAMIS_ASSIGN_OR_RETURN(const std::uint64_t current, current_vector_version(*space, kind, id));
      if (put_vector->version < current) return pass_over(mutation), Status::ok();
    }
    note_vector_version(*space, kind, id, put_vector->version);
    set_present(&vectors, id, true);
    value_.clear();
    encode_vector(put_vector->vector, put_vector->version, &value_);
    put(space->family.get(), vector_key(kind, id).view());
  }
  append_record(mutation, user_of(kind, id), item_of(kind, id));
  (kind == EntityKind::kUser ? records_.back().new_user : records_.back().new_item) = is_new;
  return Status::ok();
}

Status WriteStage::stage_one(DeleteVector* erase_vector, Mutation* mutation) {
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> space, find_space(erase_vector->space));
  const EntityKind kind = erase_vector->kind;
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, find_live(kind, erase_vector->id));
  PresenceSet& vectors = space->vectors[kind_index(kind)];
  if (!vectors.contains(id)) {
    return Status::not_found("\"" + erase_vector->id + "\" has no vector in space " + space->space.name);
  }
  set_present(&vectors, id, false);
  erase(space->family.get(), vector_key(kind, id).view());
  append_record(mutation, user_of(kind, id), item_of(kind, id));
  return Status::ok();
}

Status WriteStage::stage_one(PutSpace* put_space, Mutation* mutation) {
  const Space& wanted = put_space->space;
  const auto known = state_.spaces->find(wanted.name);
  if (known != state_.spaces->end()) {
    if (known->second->space != wanted) {
      return Status::already_exists("space " + wanted.name + " exists with another definition: dim " +
                                    std::to_string(known->second->space.dim) + ", metric " +
                                    std::string(metric_name(known->second->space.metric)) + ", encoder " +
                                    known->second->space.encoder);
    }
    append_record(mutation, kNoDenseId, kNoDenseId);
    return Status::ok();
  }
  // The column family comes first, outside the batch: without a row that owns it, the next open drops it.
  const std::string family_name =
      std::string(kVectorFamilyPrefix) + wanted.name + "@" + std::to_string(state_.last_sequence + 1);
  TAMIS_ASSIGN_OR_RETURN(OpenDatabase::Family family, database_.create_vector_family(family_name, *context_.resources));
  undo_.emplace_back([this, family_name] { (void)database_.drop_vector_family(family_name); });  // else the next open
  value_.clear();
  encode_space_row({.space = wanted, .column_family = family_name}, &value_);
  put(database_.table(Table::kMeta), space_key(wanted.name));
  auto stored = std::make_shared<StoredSpace>(wanted, std::move(family));
  replace_spaces([&](SpaceMap* spaces) { (*spaces)[wanted.name] = std::move(stored); });
  append_record(mutation, kNoDenseId, kNoDenseId);
  return Status::ok();
}

Status WriteStage::stage_one(DeleteSpace* erase_space, Mutation* mutation) {
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<StoredSpace> space, find_space(erase_space->name));
  erase(database_.table(Table::kMeta), space_key(erase_space->name));
  for (const PresenceSet& set : space->vectors) {
    for (std::uint32_t block = 0; block < set.block_count(); ++block) {
      erase(database_.table(Table::kCounters), presence_key(set.name(), block));
    }
  }
  replace_spaces([&](SpaceMap* spaces) { spaces->erase(erase_space->name); });
  append_record(mutation, kNoDenseId, kNoDenseId);
  return Status::ok();
}

Status WriteStage::stage_one(PutDocument* put_document, Mutation* mutation) {
  const std::string key = document_key(put_document->collection, put_document->name);
  value_.assign(put_document->json);
  put(document_table(put_document->collection), key);
  note_document(key, true);
  append_record(mutation, kNoDenseId, kNoDenseId);
  return Status::ok();
}

Status WriteStage::stage_one(DeleteDocument* erase_document, Mutation* mutation) {
  const std::string key = document_key(erase_document->collection, erase_document->name);
  TAMIS_ASSIGN_OR_RETURN(const bool exists, document_exists(erase_document->collection, key));
  if (!exists) {
    return Status::not_found("there is no " + erase_document->collection + " \"" + erase_document->name + "\"");
  }
  erase(document_table(erase_document->collection), key);
  note_document(key, false);
  append_record(mutation, kNoDenseId, kNoDenseId);
  return Status::ok();
}

}  // namespace tamis::storage
