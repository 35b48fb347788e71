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

Status WriteStage::stage_one(PutInteraction* put_interaction, Mutation* mutation) {
  const Interaction& interaction = put_interaction->interaction;
  if (!interaction.idempotency_key.empty()) {
    TAMIS_ASSIGN_OR_RETURN(const bool seen, seen_before(interaction.idempotency_key));
    if (seen) {
      records_.push_back({.sequence = 0,
                          .committed_ms = context_.now_ms,
                          .user = users_.find(interaction.user).value_or(kNoDenseId),
                          .item = items_.find(interaction.item).value_or(kNoDenseId),
                          .duplicate = true,
                          .mutation = std::move(*mutation)});
      return Status::ok();
    }
  }
  TAMIS_ASSIGN_OR_RETURN(const DenseId user, touch(EntityKind::kUser, interaction.user));
  TAMIS_ASSIGN_OR_RETURN(const DenseId item, touch(EntityKind::kItem, interaction.item));
  TAMIS_ASSIGN_OR_RETURN(const InteractionTypeId type, resolve_type(interaction.type));

  HistoryPosition position{
      .owner = user, .timestamp_ms = interaction.timestamp_ms, .sequence = state_.last_sequence + 1};
  staged_interactions_.push_back({.position = position, .item = item, .erased = false});
  ++state_.interactions;

  value_.clear();
  encode_interaction({.item = item, .type = type, .value = interaction.value}, interaction.context,
                     interaction.recommendation_id, &value_);
  put(database_.table(Table::kInteractions), history_key(position).view());
  value_.clear();
  encode_by_item({.user = user,
                  .type = type,
                  .value = interaction.value,
                  .has_details = !interaction.context.empty() || !interaction.recommendation_id.empty()},
                 &value_);
  position.owner = item;
  put(database_.table(Table::kByItem), history_key(position).view());
  if (!interaction.idempotency_key.empty()) {
    value_.clear();
    encode_idempotency({.expires_ms = context_.now_ms + context_.idempotency_ttl_ms, .sequence = position.sequence},
                       &value_);
    put(database_.table(Table::kIdempotency), interaction.idempotency_key);
    idempotency_keys_.insert(interaction.idempotency_key);
    undo_.emplace_back([this, key = interaction.idempotency_key] { idempotency_keys_.erase(key); });
  }
  append_record(mutation, user, item);
  return Status::ok();
}

Result<bool> WriteStage::seen_before(const std::string& idempotency_key) {
  if (idempotency_keys_.contains(idempotency_key)) return true;
  rocksdb::PinnableSlice value;
  const rocksdb::Status status =
      database_.db()->Get(rocksdb::ReadOptions(), database_.table(Table::kIdempotency), idempotency_key, &value);
  if (status.IsNotFound()) return false;
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "look up an idempotency key"));
  IdempotencyRow row;
  TAMIS_RETURN_IF_ERROR(decode_idempotency(value.ToStringView(), &row));
  return row.expires_ms > context_.now_ms;
}

Status WriteStage::stage_one(PutEntity* put_entity, Mutation* mutation) {
  const EntityKind kind = put_entity->kind;
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

Status WriteStage::stage_one(PatchEntity* patch, Mutation* /*mutation*/) {
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, find_live(patch->kind, patch->id));
  TAMIS_ASSIGN_OR_RETURN(Entity entity, current_entity(patch->kind, id));
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
  Mutation outcome = PutEntity{.kind = patch->kind, .entity = std::move(entity)};
  return stage(&outcome);
}

Status WriteStage::stage_one(DeleteEntity* erase_entity, Mutation* mutation) {
  const EntityKind kind = erase_entity->kind;
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, find_live(kind, erase_entity->id));
  set_present(&state_.live[kind_index(kind)], id, false);
  erase(database_.table(entity_table(kind)), entity_key(id).view());
  for (const auto& [name, space] : *state_.spaces) {
    PresenceSet& vectors = space->vectors[kind_index(kind)];
    if (!vectors.contains(id)) continue;
    set_present(&vectors, id, false);
    erase(space->family.get(), vector_key(kind, id).view());
  }
  TAMIS_RETURN_IF_ERROR(kind == EntityKind::kUser ? erase_user_interactions(id) : erase_item_rows(id));
  append_record(mutation, user_of(kind, id), item_of(kind, id));
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
  TAMIS_ASSIGN_OR_RETURN(const DenseId id, touch(kind, put_vector->id));
  set_present(&space->vectors[kind_index(kind)], id, true);
  value_.clear();
  encode_vector(put_vector->vector, &value_);
  put(space->family.get(), vector_key(kind, id).view());
  append_record(mutation, user_of(kind, id), item_of(kind, id));
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
