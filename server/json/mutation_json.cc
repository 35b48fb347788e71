#include "server/json/mutation_json.h"

#include <array>
#include <limits>
#include <span>

#include "server/json/json_reader.h"

namespace tamis::server {
namespace {

using simdjson::dom::element;

constexpr std::size_t kMaxTypeBytes = 64;
constexpr std::size_t kMaxIdempotencyKeyBytes = 128;
constexpr std::size_t kMaxImportIdBytes = 64;
// An expiry of 0 means never. The beginning of 1970, which is long past, is stored as a millisecond later.
constexpr TimestampMs kFirstMillisecond = 1;
constexpr std::uint64_t kMaxTtlS = 3'155'760'000;  // a hundred years

Status read_id(element value, const JsonPath& path, std::string* out) {
  TAMIS_RETURN_IF_ERROR(read_string(value, path, out));
  if (out->empty() || out->size() > kMaxExternalIdBytes)
    return refuse(path, std::to_string(out->size()) + " bytes long", "an id of 1 to 256 bytes");
  return Status::ok();
}

// The fields that a full entity and a patch share.
enum EntityField : std::size_t { kId, kEntityFeatures, kTtl, kExpires, kEntityVersion, kHidden };
constexpr std::array<std::string_view, 6> kEntityFields = {"id",         "features", "ttl_s",
                                                           "expires_at", "version",  "hidden"};

struct EntityFields {
  std::string id;
  Features features;
  std::vector<std::string> removed;
  std::optional<TimestampMs> expires_ms;  // 0: never
  std::optional<bool> hidden;
  std::uint64_t version = 0;
};

Result<EntityFields> read_entity_fields(element value, const JsonPath& path, EntityKind kind,
                                        std::string_view expected_id, TimestampMs now_ms, bool is_patch) {
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  EntityFields fields;
  // A user has all but the last.
  const std::span<const std::string_view> known(kEntityFields.data(),
                                                kEntityFields.size() - (kind == EntityKind::kUser ? 1 : 0));
  const Status fields_status = read_fields(object, known, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kEntityFields[index]};
    switch (index) {
      case kId: return read_id(entry, entry_path, &fields.id);
      case kEntityFeatures:
        return read_features(entry, entry_path, &fields.features, is_patch ? &fields.removed : nullptr);
      case kTtl: {
        if (fields.expires_ms) return refuse(entry_path, "given beside expires_at", "one of the two");
        if (entry.is_null()) {
          fields.expires_ms = 0;
          return Status::ok();
        }
        std::uint64_t ttl_s = 0;
        TAMIS_RETURN_IF_ERROR(read_uint(entry, entry_path, 1, kMaxTtlS, &ttl_s));
        fields.expires_ms = now_ms + static_cast<TimestampMs>(ttl_s) * 1'000;
        return Status::ok();
      }
      case kHidden: return read_bool(entry, entry_path, &fields.hidden.emplace());
      case kEntityVersion: return read_uint(entry, entry_path, 1, kMaxVersion, &fields.version);
      default: {
        if (fields.expires_ms) return refuse(entry_path, "given beside ttl_s", "one of the two");
        TimestampMs expires_ms = 0;
        if (!entry.is_null()) {
          TAMIS_RETURN_IF_ERROR(read_timestamp(entry, entry_path, &expires_ms));
          if (expires_ms == 0) expires_ms = kFirstMillisecond;
        }
        fields.expires_ms = expires_ms;
        return Status::ok();
      }
    }
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  if (!expected_id.empty()) {
    if (!fields.id.empty() && fields.id != expected_id) {
      const JsonPath id_path{.parent = &path, .name = "id"};
      return refuse(id_path, "\"" + fields.id + "\"", "the id of the path, or none");
    }
    fields.id = expected_id;
  }
  if (fields.id.empty()) return refuse_missing_field("id", path);
  return fields;
}

}  // namespace

Result<PutInteraction> read_interaction(element value, const JsonPath& path) {
  enum Field : std::size_t {
    kUser,
    kItem,
    kType,
    kValue,
    kTimestamp,
    kContext,
    kRecommendationId,
    kIdempotencyKey,
    kImport
  };
  static constexpr std::array<std::string_view, 9> kFields = {
      "user", "item", "type", "value", "timestamp", "context", "recommendation_id", "idempotency_key", "import_id"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  PutInteraction put;
  Interaction& interaction = put.interaction;
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (index) {
      case kUser: return read_id(entry, entry_path, &interaction.user);
      case kItem: return read_id(entry, entry_path, &interaction.item);
      case kType:
        TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, kMaxTypeBytes, &interaction.type));
        if (interaction.type.empty()) return refuse(entry_path, "empty", "1 to 64 bytes");
        return Status::ok();
      case kValue: return read_double(entry, entry_path, &interaction.value.emplace());
      case kTimestamp: return read_timestamp(entry, entry_path, &interaction.timestamp_ms);
      case kContext: return read_features(entry, entry_path, &interaction.context, nullptr);
      case kRecommendationId:
        return read_string(entry, entry_path, kMaxExternalIdBytes, &interaction.recommendation_id);
      case kIdempotencyKey:
        return read_string(entry, entry_path, kMaxIdempotencyKeyBytes, &interaction.idempotency_key);
      default: return read_string(entry, entry_path, kMaxImportIdBytes, &interaction.import_id);
    }
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  if (interaction.user.empty()) return refuse_missing_field("user", path);
  if (interaction.item.empty()) return refuse_missing_field("item", path);
  return put;
}

Result<PutEntity> read_entity(element value, const JsonPath& path, EntityKind kind, std::string_view expected_id,
                              TimestampMs now_ms) {
  TAMIS_ASSIGN_OR_RETURN(EntityFields fields, read_entity_fields(value, path, kind, expected_id, now_ms, false));
  return PutEntity{kind, Entity{.id = std::move(fields.id),
                                .features = std::move(fields.features),
                                .expires_ms = fields.expires_ms.value_or(0),
                                .hidden = fields.hidden.value_or(false),
                                .version = fields.version}};
}

Result<PatchEntity> read_patch(element value, const JsonPath& path, EntityKind kind, std::string_view id,
                               TimestampMs now_ms) {
  TAMIS_ASSIGN_OR_RETURN(EntityFields fields, read_entity_fields(value, path, kind, id, now_ms, true));
  return PatchEntity{.kind = kind,
                     .id = std::move(fields.id),
                     .features = std::move(fields.features),
                     .removed = std::move(fields.removed),
                     .expires_ms = fields.expires_ms,
                     .hidden = fields.hidden,
                     .version = fields.version};
}

Result<Mutation> read_vector_line(element value, const JsonPath& path, std::string_view space) {
  enum Field : std::size_t { kItem, kUser, kVector, kRowVersion, kDelete };
  static constexpr std::array<std::string_view, 5> kFields = {"item", "user", "vector", "version", "delete"};
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  std::string id;
  EntityKind kind = EntityKind::kItem;
  std::vector<float> vector;
  std::uint64_t version = 0;
  bool is_delete = false;
  const Status fields_status = read_fields(object, kFields, path, [&](std::size_t index, element entry) -> Status {
    const JsonPath entry_path{.parent = &path, .name = kFields[index]};
    switch (index) {
      case kItem:
      case kUser:
        if (!id.empty()) return refuse(entry_path, "given beside the other", "either item or user");
        kind = index == kItem ? EntityKind::kItem : EntityKind::kUser;
        return read_id(entry, entry_path, &id);
      case kVector: return read_vector(entry, entry_path, &vector);
      case kRowVersion: return read_uint(entry, entry_path, 1, kMaxVersion, &version);
      default: return read_bool(entry, entry_path, &is_delete);
    }
  });
  TAMIS_RETURN_IF_ERROR(fields_status);
  if (id.empty()) return refuse_missing_field("item", path);
  if (is_delete) {
    if (!vector.empty()) return refuse(JsonPath{.parent = &path, .name = "vector"}, "given", "none beside delete");
    if (version != 0) return refuse(JsonPath{.parent = &path, .name = "version"}, "given", "none beside delete");
    return Mutation(DeleteVector{std::string(space), kind, std::move(id)});
  }
  if (vector.empty()) return refuse_missing_field("vector", path);
  return Mutation(PutVector{std::string(space), kind, std::move(id), std::move(vector), version});
}

}  // namespace tamis::server
