#include "server/gorse/gorse_json.h"

#include <array>
#include <cstdio>

#include "common/checksum.h"
#include "server/json/json_reader.h"

namespace tamis::server {
namespace {

// Where what Gorse knows by a name of its own stands among the features.
constexpr std::string_view kCategories = "categories";
constexpr std::string_view kListedAt = "listed_at";
constexpr std::string_view kLabels = "labels";  // labels that are a list

constexpr std::size_t kGorseMaxTypeBytes = 64;

std::string_view gorse_comment_feature(EntityKind kind) { return kind == EntityKind::kItem ? "name" : "comment"; }

// Gorse takes "2024-05-01", "2024-05-01 12:00:00" and RFC 3339; without a zone it is UTC. Empty: kNoTime.
Status read_gorse_time(simdjson::dom::element value, const JsonPath& path, TimestampMs* out) {
  std::string text;
  TAMIS_RETURN_IF_ERROR(read_string(value, path, &text));
  if (text.empty() || text.starts_with("0001-01-01")) return Status::ok();  // Go's zero time
  if (text.size() == 10) text += "T00:00:00";
  if (text.size() > 10 && text[10] == ' ') text[10] = 'T';
  const bool has_zone = text.ends_with('Z') || text.find_first_of("+-", 10) != std::string::npos;
  const auto parsed = parse_rfc3339(has_zone ? text : text + "Z");
  if (!parsed.is_ok()) {
    return Status::invalid_argument(path.to_string() + " is \"" + text.substr(0, 64) +
                                    "\"; expected a date or an RFC 3339 time")
        .at_field(path.to_string());
  }
  *out = *parsed;
  return Status::ok();
}

// An empty one is as good as missing.
Status read_gorse_id(simdjson::dom::element value, const JsonPath& path, std::string* out) {
  TAMIS_RETURN_IF_ERROR(read_string(value, path, out));
  return out->empty() ? Status::ok() : validate_external_id(*out, path.to_string());
}

Status add_gorse_labels(simdjson::dom::element value, const JsonPath& path, const std::string& name, Features* out) {
  if (value.is_null()) return Status::ok();
  if (value.is_object()) {
    for (const auto [key, member] : simdjson::dom::object(value)) {
      const std::string full = name.empty() ? std::string(key) : name + "." + std::string(key);
      TAMIS_RETURN_IF_ERROR(add_gorse_labels(member, {.parent = &path, .name = key}, full, out));
    }
    return Status::ok();
  }
  const std::string feature = name.empty() ? std::string(kLabels) : name;
  if (value.is_array()) {
    std::vector<std::string> texts;
    TAMIS_RETURN_IF_ERROR(read_strings(value, path, FeatureLimits::kMaxElements, &texts));
    out->insert_or_assign(feature, std::move(texts));
  } else if (value.is_bool()) {
    out->insert_or_assign(feature, bool(value));
  } else if (value.is_string()) {
    out->insert_or_assign(feature, std::string(std::string_view(value)));
  } else {
    double number = 0;
    TAMIS_RETURN_IF_ERROR(read_double(value, path, &number));
    out->insert_or_assign(feature, number);
  }
  return Status::ok();
}

constexpr std::array<std::string_view, 6> kGorseItemFields = {"ItemId",  "IsHidden", "Categories",
                                                              "Comment", "Labels",   "Timestamp"};
constexpr std::array<std::string_view, 4> kGorseUserFields = {"UserId", "Subscribe", "Comment", "Labels"};

struct GorseEntity {
  std::string id;
  Features features;
  std::optional<bool> hidden;
};

Status read_gorse_member(std::string_view field, simdjson::dom::element value, const JsonPath& path, EntityKind kind,
                         GorseEntity* out) {
  if (value.is_null() || field == "Subscribe") return Status::ok();
  if (field == "ItemId" || field == "UserId") return read_gorse_id(value, path, &out->id);
  if (field == "IsHidden") return read_bool(value, path, &out->hidden.emplace());
  if (field == "Labels") return add_gorse_labels(value, path, {}, &out->features);
  if (field == "Categories") {
    std::vector<std::string> categories;
    TAMIS_RETURN_IF_ERROR(read_strings(value, path, FeatureLimits::kMaxElements, &categories));
    out->features.insert_or_assign(std::string(kCategories), std::move(categories));
  } else if (field == "Timestamp") {
    TimestampMs time = kNoTime;
    TAMIS_RETURN_IF_ERROR(read_gorse_time(value, path, &time));
    if (time != kNoTime) out->features.insert_or_assign(std::string(kListedAt), Timestamp{time});
  } else {
    std::string comment;
    TAMIS_RETURN_IF_ERROR(read_string(value, path, &comment));
    if (!comment.empty())
      out->features.insert_or_assign(std::string(gorse_comment_feature(kind)), Text{std::move(comment)});
  }
  return Status::ok();
}

Result<GorseEntity> read_gorse_members(simdjson::dom::element value, const JsonPath& path, EntityKind kind) {
  GorseEntity read;
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  const std::span<const std::string_view> known =
      kind == EntityKind::kItem ? std::span<const std::string_view>(kGorseItemFields) : kGorseUserFields;
  TAMIS_RETURN_IF_ERROR(read_fields(object, known, path, [&](std::size_t index, simdjson::dom::element member) {
    return read_gorse_member(known[index], member, {.parent = &path, .name = known[index]}, kind, &read);
  }));
  return read;
}

}  // namespace

Result<Interaction> read_gorse_feedback(simdjson::dom::element value, const JsonPath& path, bool needs_user) {
  static constexpr std::array<std::string_view, 7> kFields = {"FeedbackType", "UserId",    "ItemId", "Value",
                                                              "Comment",      "Timestamp", "Updated"};
  Interaction read;
  read.type.clear();
  TAMIS_ASSIGN_OR_RETURN(const auto object, read_object(value, path));
  TAMIS_RETURN_IF_ERROR(
      read_fields(object, kFields, path, [&](std::size_t index, simdjson::dom::element member) -> Status {
        const JsonPath at{.parent = &path, .name = kFields[index]};
        switch (index) {
          case 0: return read_string(member, at, kGorseMaxTypeBytes, &read.type);
          case 1: return read_gorse_id(member, at, &read.user);
          case 2: return read_gorse_id(member, at, &read.item);
          case 3: return read_double(member, at, &read.value.emplace());
          case 5: return read_gorse_time(member, at, &read.timestamp_ms);
          default: return Status::ok();  // Comment and Updated are Gorse's own
        }
      }));
  for (const std::size_t required : {0, 1, 2}) {
    const std::string& text = required == 0 ? read.type : required == 1 ? read.user : read.item;
    if (text.empty() && (required != 1 || needs_user)) return refuse_missing_field(kFields[required], path);
  }
  if (read.value == 0.0) read.value.reset();
  if (read.timestamp_ms != kNoTime) {
    // Lengths first, so that no two different triples make one text.
    const std::string identity = std::to_string(read.type.size()) + "/" + std::to_string(read.user.size()) + "/" +
                                 read.type + read.user + read.item + "/" + std::to_string(read.timestamp_ms);
    std::array<char, 24> key{};
    std::snprintf(key.data(), key.size(), "gorse-%016llx",
                  static_cast<unsigned long long>(checksum64(identity.data(), identity.size())));
    read.idempotency_key = key.data();
  }
  return read;
}

Result<Entity> read_gorse_entity(simdjson::dom::element value, const JsonPath& path, EntityKind kind) {
  TAMIS_ASSIGN_OR_RETURN(GorseEntity read, read_gorse_members(value, path, kind));
  if (read.id.empty()) return refuse_missing_field(kind == EntityKind::kItem ? "ItemId" : "UserId", path);
  return Entity{.id = std::move(read.id), .features = std::move(read.features), .hidden = read.hidden.value_or(false)};
}

Result<PatchEntity> read_gorse_patch(simdjson::dom::element value, const JsonPath& path, EntityKind kind,
                                     std::string_view id) {
  TAMIS_ASSIGN_OR_RETURN(GorseEntity read, read_gorse_members(value, path, kind));
  return PatchEntity{.kind = kind, .id = std::string(id), .features = std::move(read.features), .hidden = read.hidden};
}

void write_gorse_entity(const Entity& entity, EntityKind kind, JsonWriter* json) {
  const bool is_item = kind == EntityKind::kItem;
  const std::string_view comment = gorse_comment_feature(kind);
  const auto find = [&](std::string_view name) -> const FeatureValue* {
    const auto found = entity.features.find(name);
    return found == entity.features.end() ? nullptr : &found->second;
  };
  json->begin_object().field(is_item ? "ItemId" : "UserId", entity.id);
  if (is_item) {
    json->field("IsHidden", entity.hidden).key("Categories");
    const FeatureValue* categories = find(kCategories);
    categories != nullptr&& std::holds_alternative<std::vector<std::string>>(*categories) ? json->feature(*categories)
                                                                                          : json->raw("[]");
    json->key("Timestamp");
    const FeatureValue* listed = find(kListedAt);
    listed != nullptr&& std::holds_alternative<Timestamp>(*listed) ? json->feature(*listed)
                                                                   : json->value("0001-01-01T00:00:00Z");
  }
  json->key("Labels").begin_object();
  for (const auto& [name, value] : entity.features) {
    if (name == comment || (is_item && (name == kCategories || name == kListedAt))) continue;
    json->key(name).feature(value);
  }
  json->end_object().key("Comment");
  const FeatureValue* words = find(comment);
  words != nullptr ? json->feature(*words) : json->value("");
  json->end_object();
}

void write_gorse_feedback(const Interaction& interaction, JsonWriter* json) {
  json->begin_object().field("FeedbackType", interaction.type).field("UserId", interaction.user);
  json->field("ItemId", interaction.item).field("Value", interaction.value.value_or(0)).key("Timestamp");
  json->time(interaction.timestamp_ms).field("Comment", "").end_object();
}

}  // namespace tamis::server
