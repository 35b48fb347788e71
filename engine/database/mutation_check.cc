#include "engine/database/mutation_check.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <string_view>

#include "common/record_checks.h"
#include "engine/database/references.h"
#include "engine/documents/document_name.h"
#include "engine/experiment.h"
#include "engine/funnel/funnel_registry.h"
#include "engine/interactions/stored_types.h"
#include "engine/live/new_types.h"
#include "engine/live/space_index.h"
#include "engine/query/objective_names.h"
#include "index/vector_check.h"
#include "models/kinds/encoder_kinds.h"

namespace tamis::engine {
namespace {

constexpr std::size_t kMaxTypeBytes = 64;
constexpr std::size_t kMaxIdempotencyKeyBytes = 128;
constexpr std::size_t kMaxImportIdBytes = 64;
constexpr std::size_t kMaxDeletedAtOnce = 100'000;
constexpr std::size_t kMaxRecommendationIdBytes = 256;
constexpr std::size_t kMaxNameBytes = 64;

std::string show_number(double number) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.15g", number);
  return text.data();
}

Status fault(std::string_view field, const std::string& message) {
  return Status::invalid_argument(std::string(field) + " " + message).at_field(std::string(field));
}

// Printable UTF-8 of a bounded length.
Status check_text(std::string_view text, std::string_view field, std::size_t least, std::size_t most) {
  if (text.size() < least || text.size() > most) {
    return fault(field, "has " + std::to_string(text.size()) + " bytes; expected " + std::to_string(least) + " to " +
                            std::to_string(most));
  }
  if (!is_valid_utf8(text)) return fault(field, "is not valid UTF-8");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return fault(field, "contains a control character; expected printable UTF-8");
  }
  return Status::ok();
}

// 1..64 of [a-z0-9_-].
Status check_name(std::string_view name, std::string_view field) {
  const bool well_formed =
      !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  if (well_formed) return Status::ok();
  return fault(field, "is not a name; expected 1 to 64 of a-z, 0-9, _ and -");
}

Status check_expiry(TimestampMs expires_ms) { return check_timestamp(expires_ms, "expires_ms"); }

Status check_version(std::uint64_t version) {
  if (version <= kMaxVersion) return Status::ok();
  return fault("version", "is " + std::to_string(version) + "; expected 1 to 2^53");
}

Status check_kind(EntityKind kind) {
  if (kind == EntityKind::kUser || kind == EntityKind::kItem) return Status::ok();
  return fault("kind", "is neither user nor item");
}

Status check_not_reserved(const ReadState& state, const std::string& space) {
  const bool is_served = state.generation != nullptr && state.generation->encoder(space) != nullptr;
  const models::EncoderKind* kind = models::find_encoder_kind(space);
  if (!is_served && (kind == nullptr || kind->train == nullptr)) return Status::ok();
  return fault("space", "\"" + space + "\" is filled by its encoder; external writes are refused");
}

const FeatureSchema& schema_of(const DatabaseOptions& options, EntityKind kind) {
  return kind == EntityKind::kUser ? options.user_schema : options.item_schema;
}

std::string_view kind_name(EntityKind kind) { return kind == EntityKind::kUser ? "user" : "item"; }

}  // namespace

Status MutationCheck::complete(Mutation* mutation) {
  return std::visit([this](auto& alternative) { return complete(&alternative); }, *mutation);
}

Status MutationCheck::require_known(EntityKind kind, const std::string& id) const {
  if (state_.options->create_unknown_ids || new_entities_.contains({kind, id})) return Status::ok();
  const auto dense = state_.store->ids(kind).find(id);
  const EntityTable& table = kind == EntityKind::kUser ? *state_.users : *state_.items;
  if (dense && table.is_live(*dense, now_ms_)) return Status::ok();
  const std::string field(kind_name(kind));
  return Status::not_found(field + " \"" + id + "\" is unknown, and this database creates none on first sight")
      .at_field(field);
}

Result<Space> MutationCheck::find_space(const std::string& name) const {
  TAMIS_RETURN_IF_ERROR(check_name(name, "space"));
  TAMIS_RETURN_IF_ERROR(check_not_reserved(state_, name));
  if (const auto made = new_spaces_.find(name); made != new_spaces_.end()) return made->second;
  if (const auto known = state_.spaces.find(name); known != state_.spaces.end()) return known->second->space;
  return Status::not_found("space \"" + name + "\" does not exist").at_field("space");
}

Status MutationCheck::complete(PutInteraction* put) {
  Interaction& interaction = put->interaction;
  TAMIS_RETURN_IF_ERROR(validate_external_id(interaction.user, "user"));
  TAMIS_RETURN_IF_ERROR(validate_external_id(interaction.item, "item"));
  TAMIS_RETURN_IF_ERROR(check_text(interaction.type, "type", 1, kMaxTypeBytes));
  if (interaction.timestamp_ms == kNoTime) interaction.timestamp_ms = now_ms_;
  TAMIS_RETURN_IF_ERROR(check_interaction_numbers(interaction.value, interaction.timestamp_ms));
  TAMIS_RETURN_IF_ERROR(check_type(interaction));
  TAMIS_RETURN_IF_ERROR(check_text(interaction.idempotency_key, "idempotency_key", 0, kMaxIdempotencyKeyBytes));
  TAMIS_RETURN_IF_ERROR(check_text(interaction.recommendation_id, "recommendation_id", 0, kMaxRecommendationIdBytes));
  TAMIS_RETURN_IF_ERROR(check_text(interaction.import_id, "import_id", 0, kMaxImportIdBytes));
  if (!interaction.context.empty()) {
    static const FeatureSchema kNoSchema;
    Status status = conform_features(kNoSchema, &interaction.context);
    if (!status.is_ok()) {
      std::string field = status.field();
      if (field.starts_with("features")) field.replace(0, 8, "context");
      return std::move(status).at_field(std::move(field));
    }
  }
  TAMIS_RETURN_IF_ERROR(require_known(EntityKind::kUser, interaction.user));
  return require_known(EntityKind::kItem, interaction.item);
}

// The value against the range of its type; and that clients' own types stay few.
Status MutationCheck::check_type(const Interaction& interaction) {
  const InteractionType& type = state_.interaction_types->of(interaction.type);
  if (interaction.value && (*interaction.value < type.lowest_value() || *interaction.value > type.highest_value())) {
    return fault("value", "is " + show_number(*interaction.value) + "; the interaction type \"" + interaction.type +
                              "\" takes " + show_number(type.lowest_value()) + " to " +
                              show_number(type.highest_value()) + " (docs/interactions.md)");
  }
  if (type.is_declared || state_.undeclared_types->contains(interaction.type)) return Status::ok();
  new_types_.insert(interaction.type);
  if (state_.undeclared_types->size() + new_types_.size() <= kMaxUndeclaredInUse) return Status::ok();
  return one_type_too_many(interaction.type);
}

Status MutationCheck::conform(EntityKind kind, const std::string& id, Features* features) const {
  const FeatureSchema& schema = schema_of(*state_.options, kind);
  Status conformed = conform_features(schema, features);
  if (conformed.is_ok()) return conformed;
  const auto dense = state_.store->ids(kind).find(id);
  if (!dense) return conformed;
  const EntityTable& table = kind == EntityKind::kUser ? *state_.users : *state_.items;
  const auto stored = table.get(*dense, std::numeric_limits<TimestampMs>::min());
  return stored == nullptr ? conformed : conform_features(schema, features, &stored->features);
}

Status MutationCheck::complete(PutEntity* put) {
  TAMIS_RETURN_IF_ERROR(check_kind(put->kind));
  TAMIS_RETURN_IF_ERROR(validate_external_id(put->entity.id, "id"));
  TAMIS_RETURN_IF_ERROR(conform(put->kind, put->entity.id, &put->entity.features));
  TAMIS_RETURN_IF_ERROR(check_expiry(put->entity.expires_ms));
  TAMIS_RETURN_IF_ERROR(check_version(put->entity.version));
  if (put->entity.hidden && put->kind == EntityKind::kUser) return fault("hidden", "is of items; a user has none");
  if (!state_.options->create_unknown_ids) new_entities_.emplace(put->kind, put->entity.id);
  return Status::ok();
}

Status MutationCheck::complete(PatchEntity* patch) {
  TAMIS_RETURN_IF_ERROR(check_kind(patch->kind));
  TAMIS_RETURN_IF_ERROR(validate_external_id(patch->id, "id"));
  TAMIS_RETURN_IF_ERROR(conform(patch->kind, patch->id, &patch->features));
  for (const auto& name : patch->removed) {
    static const FeatureSchema kNoSchema;
    Features named = {{name, true}};
    TAMIS_RETURN_IF_ERROR(conform_features(kNoSchema, &named));  // what a PUT may name, a PATCH may remove
  }
  if (patch->expires_ms) TAMIS_RETURN_IF_ERROR(check_expiry(*patch->expires_ms));
  TAMIS_RETURN_IF_ERROR(check_version(patch->version));
  if (patch->hidden && patch->kind == EntityKind::kUser) return fault("hidden", "is of items; a user has none");
  return Status::ok();
}

Status MutationCheck::complete(DeleteEntity* erased) {
  TAMIS_RETURN_IF_ERROR(check_kind(erased->kind));
  new_entities_.erase({erased->kind, erased->id});
  if (erased->erase && erased->kind == EntityKind::kItem) return fault("erase", "is of users; an item is deleted");
  return validate_external_id(erased->id, "id");
}

Status MutationCheck::complete(PutVector* put) {
  TAMIS_RETURN_IF_ERROR(check_kind(put->kind));
  TAMIS_RETURN_IF_ERROR(validate_external_id(put->id, "id"));
  TAMIS_ASSIGN_OR_RETURN(const Space space, find_space(put->space));
  TAMIS_RETURN_IF_ERROR(index::check_vector(put->vector, space.dim, "vector"));
  TAMIS_RETURN_IF_ERROR(check_version(put->version));
  const Status known = require_known(put->kind, put->id);
  return known.is_ok() ? known : Status(known).at_field("id");
}

Status MutationCheck::complete(DeleteVector* erased) {
  TAMIS_RETURN_IF_ERROR(check_kind(erased->kind));
  TAMIS_RETURN_IF_ERROR(validate_external_id(erased->id, "id"));
  return find_space(erased->space).status();
}

Status MutationCheck::complete(DeleteInteractions* erased) {
  if (erased->rows.size() <= kMaxDeletedAtOnce) return Status::ok();
  return fault("rows", "are " + std::to_string(erased->rows.size()) + "; expected at most " +
                           std::to_string(kMaxDeletedAtOnce) + " at once");
}

Status MutationCheck::complete(MergeUser* merge) {
  TAMIS_RETURN_IF_ERROR(validate_external_id(merge->user, "user"));
  TAMIS_RETURN_IF_ERROR(validate_external_id(merge->session, "session"));
  if (merge->user == merge->session) return fault("session", "is the user; a user cannot be merged into itself");
  merge->moved.clear();
  merge->complete = false;
  return require_known(EntityKind::kUser, merge->user);
}

Status MutationCheck::complete(PutSpace* put) {
  Space& space = put->space;
  TAMIS_RETURN_IF_ERROR(check_name(space.name, "name"));
  TAMIS_RETURN_IF_ERROR(check_not_reserved(state_, space.name));
  TAMIS_RETURN_IF_ERROR(check_space_shape(space));
  if (space.encoder != "external") {
    return fault("encoder", "is \"" + space.encoder + "\"; expected external");
  }
  if (const auto known = state_.spaces.find(space.name);
      known != state_.spaces.end() && known->second->space != space) {
    return Status::already_exists("space \"" + space.name + "\" exists with another definition").at_field("name");
  }
  new_spaces_[space.name] = space;
  return Status::ok();
}

Status MutationCheck::complete(DeleteSpace* erased) {
  TAMIS_ASSIGN_OR_RETURN(const Space space, find_space(erased->name));
  TAMIS_RETURN_IF_ERROR(check_space_unused(state_, space.name, now_ms_));
  new_spaces_.erase(space.name);
  return Status::ok();
}

Status MutationCheck::complete(PutDocument* put) {
  if (put->collection == "experiment") {
    TAMIS_ASSIGN_OR_RETURN(const ExperimentConfig experiment, parse_experiment(put->name, put->json));
    return check_experiment_funnels(state_, experiment, now_ms_);
  }
  if (put->collection == kInteractionTypes) return parse_interaction_type(put->name, put->json).status();
  if (put->collection != "funnel") {
    return fault("collection", "\"" + put->collection + "\" is the database's own; expected funnel or experiment");
  }
  TAMIS_ASSIGN_OR_RETURN(const FunnelConfig funnel, parse_funnel(put->name, put->json));
  TAMIS_RETURN_IF_ERROR(check_base(state_.funnels, funnel));
  return check_objective_names(state_, funnel);
}

Status MutationCheck::complete(DeleteDocument* erased) {
  if (erased->collection == "experiment") return check_document_name(erased->name, "name");
  if (erased->collection == kInteractionTypes) return Status::ok();
  if (erased->collection != "funnel") {
    return fault("collection", "\"" + erased->collection + "\" is the database's own; expected funnel or experiment");
  }
  TAMIS_RETURN_IF_ERROR(check_document_name(erased->name, "name"));
  return check_funnel_unused(state_, erased->name, now_ms_);
}

}  // namespace tamis::engine
