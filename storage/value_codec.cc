#include "storage/value_codec.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace tamis::storage {
namespace {

constexpr int kF32OnDisk = 0x80;     // beside the quantization of a space
constexpr std::uint8_t kHidden = 1;  // extras of an entity; persistent: do not renumber
constexpr std::uint8_t kVersioned = 2;
constexpr std::uint8_t kHasValue = 1;
constexpr std::uint8_t kHasContext = 2;
constexpr std::uint8_t kHasRecommendation = 4;
constexpr std::uint8_t kHasIdempotencyKey = 8;  // from here on version 2
constexpr std::uint8_t kHasImport = 16;
constexpr std::uint8_t kHasDetails = 2;

constexpr std::uint64_t kMaxTypeId = std::numeric_limits<InteractionTypeId>::max();

constexpr std::uint8_t kDepartedVersion = 2;  // 1 does not say which user a session was merged into

void put_version(ByteWriter* writer) { writer->put_u8(kValueVersion); }

void read_version(ByteReader* reader) {
  if (reader->u8() != kValueVersion) reader->fail();
}

struct FeatureValueWriter {
  ByteWriter* writer;
  void operator()(bool value) const { writer->put_u8(value ? 1 : 0); }
  void operator()(double value) const { writer->put_f64(value); }
  void operator()(Timestamp value) const { writer->put_zigzag(value.ms); }
  void operator()(const std::string& value) const { writer->put_string(value); }
  void operator()(const std::vector<std::string>& value) const {
    writer->put_varint(value.size());
    for (const std::string& element : value) writer->put_string(element);
  }
  void operator()(const Text& value) const { writer->put_string(value.text); }
};

FeatureValue read_feature_value(ByteReader* reader) {
  switch (static_cast<FeatureKind>(reader->u8())) {
    case FeatureKind::kBoolean: return reader->varint_up_to(1) == 1;
    case FeatureKind::kNumeric: return reader->finite_f64();
    case FeatureKind::kTimestamp: return Timestamp{reader->zigzag()};
    case FeatureKind::kCategorical: return std::string(reader->string());
    case FeatureKind::kMultiCategorical: {
      // Each element takes a byte at least: a count beyond the bytes left is malformed, not an allocation.
      const std::uint64_t count = reader->varint_up_to(reader->remaining());
      std::vector<std::string> elements;
      for (std::uint64_t i = 0; i < count && !reader->failed(); ++i) elements.emplace_back(reader->string());
      return elements;
    }
    case FeatureKind::kText: return Text{std::string(reader->string())};
  }
  reader->fail();
  return false;
}

}  // namespace

void put_features(ByteWriter* writer, const Features& features) {
  writer->put_varint(features.size());
  for (const auto& [name, value] : features) {
    writer->put_string(name);
    writer->put_u8(static_cast<std::uint8_t>(feature_kind(value)));
    std::visit(FeatureValueWriter{writer}, value);
  }
}

Features read_features(ByteReader* reader) {
  Features features;
  const std::uint64_t count = reader->varint_up_to(reader->remaining());
  for (std::uint64_t i = 0; i < count && !reader->failed(); ++i) {
    std::string name(reader->string());
    if (!features.empty() && name <= features.rbegin()->first) reader->fail();  // names ascend
    features.emplace_hint(features.end(), std::move(name), read_feature_value(reader));
  }
  return features;
}

void put_space(ByteWriter* writer, const Space& space) {
  writer->put_string(space.name);
  writer->put_varint(space.dim);
  writer->put_u8(static_cast<std::uint8_t>(space.metric));
  writer->put_u8(static_cast<std::uint8_t>(static_cast<int>(space.quantization) | (space.keep_f32 ? 0 : kF32OnDisk)));
  writer->put_string(space.encoder);
}

Space read_space(ByteReader* reader) {
  Space space;
  space.name = reader->string();
  space.dim = static_cast<std::uint32_t>(reader->varint_up_to(kMaxDim));
  const std::uint8_t metric = reader->u8();
  const std::uint8_t rows = reader->u8();
  const int quantization = rows & ~kF32OnDisk;
  space.encoder = reader->string();
  if (space.dim == 0 || metric < 1 || metric > 3 || quantization < 1 || quantization > 3) {
    reader->fail();
    return space;
  }
  space.metric = static_cast<Metric>(metric);
  space.quantization = static_cast<Quantization>(quantization);
  space.keep_f32 = (rows & kF32OnDisk) == 0;
  return space;
}

void put_entity_extras(ByteWriter* writer, const Entity& entity) {
  writer->put_u8(static_cast<std::uint8_t>((entity.hidden ? kHidden : 0) | (entity.version != 0 ? kVersioned : 0)));
  if (entity.version != 0) writer->put_varint(entity.version);
}

void read_entity_extras(ByteReader* reader, Entity* entity) {
  const std::uint8_t extras = reader->u8();
  if (extras == 0 || extras > (kHidden | kVersioned)) reader->fail();
  entity->hidden = (extras & kHidden) != 0;
  if ((extras & kVersioned) == 0) return;
  entity->version = reader->varint_up_to(kMaxVersion);
  if (entity->version == 0) reader->fail();
}

void encode_entity(const Entity& entity, std::string* out) {
  ByteWriter writer(out);
  writer.put_u8(has_extras(entity) ? kWiderVersion : kValueVersion);
  writer.put_zigzag(entity.updated_ms);
  writer.put_zigzag(entity.expires_ms);
  if (has_extras(entity)) put_entity_extras(&writer, entity);
  put_features(&writer, entity.features);
}

Status decode_entity(std::string_view value, Entity* entity) {
  ByteReader reader(value);
  const std::uint8_t version = reader.u8();
  if (version != kValueVersion && version != kWiderVersion) reader.fail();
  entity->updated_ms = reader.zigzag();
  entity->expires_ms = reader.zigzag();
  entity->hidden = false;
  entity->version = 0;
  if (version == kWiderVersion) read_entity_extras(&reader, entity);
  entity->features = read_features(&reader);
  return reader.finish("entity");
}

void encode_interaction(const InteractionRow& row, const Interaction& details, std::string* out) {
  ByteWriter writer(out);
  const int flags = (row.value ? kHasValue : 0) | (details.context.empty() ? 0 : kHasContext) |
                    (details.recommendation_id.empty() ? 0 : kHasRecommendation) |
                    (details.idempotency_key.empty() ? 0 : kHasIdempotencyKey) |
                    (details.import_id.empty() ? 0 : kHasImport);
  writer.put_u8(flags < kHasIdempotencyKey ? kValueVersion : kWiderVersion);
  writer.put_u8(static_cast<std::uint8_t>(flags));
  writer.put_varint(row.item);
  writer.put_varint(row.type);
  if (row.value) writer.put_f64(*row.value);
  if (!details.context.empty()) put_features(&writer, details.context);
  for (const std::string* text : {&details.recommendation_id, &details.idempotency_key, &details.import_id}) {
    if (!text->empty()) writer.put_string(*text);
  }
}

Status decode_interaction(std::string_view value, bool with_context, StoredInteraction* row) {
  ByteReader reader(value);
  const std::uint8_t version = reader.u8();
  const std::uint8_t flags = reader.u8();
  const bool is_wider = (flags & (kHasIdempotencyKey | kHasImport)) != 0;
  if (flags >= 2 * kHasImport || version != (is_wider ? kWiderVersion : kValueVersion)) reader.fail();
  row->item = static_cast<DenseId>(reader.varint_up_to(kNoDenseId - 1));
  row->type = static_cast<InteractionTypeId>(reader.varint_up_to(kMaxTypeId));
  row->value.reset();
  if ((flags & kHasValue) != 0) row->value = reader.finite_f64();
  row->context.clear();
  if ((flags & kHasContext) != 0) {
    Features context = read_features(&reader);
    if (context.empty()) reader.fail();
    if (with_context) row->context = std::move(context);
  }
  const auto read_text = [&](std::uint8_t flag, std::string* text) {
    text->clear();
    if ((flags & flag) == 0) return;
    *text = reader.string();
    if (text->empty()) reader.fail();
  };
  read_text(kHasRecommendation, &row->recommendation_id);
  read_text(kHasIdempotencyKey, &row->idempotency_key);
  read_text(kHasImport, &row->import_id);
  return reader.finish("interaction");
}

void encode_by_item(const ByItemRow& row, std::string* out) {
  ByteWriter writer(out);
  put_version(&writer);
  writer.put_u8(static_cast<std::uint8_t>((row.value ? kHasValue : 0) | (row.has_details ? kHasDetails : 0)));
  writer.put_varint(row.user);
  writer.put_varint(row.type);
  if (row.value) writer.put_f64(*row.value);
}

Status decode_by_item(std::string_view value, ByItemRow* row) {
  ByteReader reader(value);
  read_version(&reader);
  const std::uint8_t flags = reader.u8();
  if (flags > (kHasValue | kHasDetails)) reader.fail();
  row->user = static_cast<DenseId>(reader.varint_up_to(kNoDenseId - 1));
  row->type = static_cast<InteractionTypeId>(reader.varint_up_to(kMaxTypeId));
  row->value.reset();
  if ((flags & kHasValue) != 0) row->value = reader.finite_f64();
  row->has_details = (flags & kHasDetails) != 0;
  return reader.finish("by_item row");
}

void encode_vector(const std::vector<float>& vector, std::uint64_t version, std::string* out) {
  ByteWriter writer(out);
  writer.put_u8(version != 0 ? kWiderVersion : kValueVersion);
  if (version != 0) writer.put_varint(version);
  writer.put_raw(vector.data(), vector.size() * sizeof(float));
}

Status decode_vector(std::string_view value, std::uint32_t dim, std::vector<float>* vector, std::uint64_t* version) {
  ByteReader reader(value);
  const std::uint8_t format = reader.u8();
  if (format != kValueVersion && format != kWiderVersion) reader.fail();
  *version = format == kWiderVersion ? reader.varint_up_to(kMaxVersion) : 0;
  if (format == kWiderVersion && *version == 0) reader.fail();
  const std::string_view bytes = reader.raw(std::size_t{dim} * sizeof(float));
  TAMIS_RETURN_IF_ERROR(reader.finish("vector"));
  vector->resize(dim);
  std::memcpy(vector->data(), bytes.data(), bytes.size());
  for (const float element : *vector) {
    if (!std::isfinite(element)) return Status::corruption("a stored vector has an element that is not finite");
  }
  return Status::ok();
}

void encode_space_row(const SpaceRow& row, std::string* out) {
  ByteWriter writer(out);
  put_version(&writer);
  put_space(&writer, row.space);
  writer.put_string(row.column_family);
}

Status decode_space_row(std::string_view value, SpaceRow* row) {
  ByteReader reader(value);
  read_version(&reader);
  row->space = read_space(&reader);
  row->column_family = reader.string();
  return reader.finish("space");
}

void encode_totals(const Totals& totals, std::string* out) {
  ByteWriter writer(out);
  put_version(&writer);
  writer.put_varint(totals.sequence);
  writer.put_varint(totals.interactions);
}

Status decode_totals(std::string_view value, Totals* totals) {
  ByteReader reader(value);
  read_version(&reader);
  totals->sequence = reader.varint();
  totals->interactions = reader.varint();
  return reader.finish("row of totals");
}

void encode_departed_user(const DepartedUser& departed, std::string* out) {
  ByteWriter writer(out);
  writer.put_u8(kDepartedVersion);
  writer.put_u8(departed.erased ? 1 : 0);
  writer.put_varint(departed.sequence);
  writer.put_string(departed.name);
  writer.put_varint(departed.into == kNoDenseId ? 0 : std::uint64_t{departed.into} + 1);
}

Status decode_departed_user(std::string_view value, DepartedUser* departed) {
  ByteReader reader(value);
  const std::uint8_t version = reader.u8();
  if (version != kValueVersion && version != kDepartedVersion) reader.fail();
  departed->erased = reader.varint_up_to(1) == 1;
  departed->sequence = reader.varint();
  departed->name = reader.string();
  const std::uint64_t into = version == kDepartedVersion ? reader.varint_up_to(kNoDenseId) : 0;
  departed->into = into == 0 ? kNoDenseId : static_cast<DenseId>(into - 1);
  return reader.finish("departed user");
}

void encode_taken(const TakenInteractions& taken, std::string* out) {
  ByteWriter writer(out);
  put_version(&writer);
  writer.put_varint(taken.to == kNoDenseId ? 0 : std::uint64_t{taken.to} + 1);
  writer.put_varint(taken.rows.size());
  for (const StoredInteraction& row : taken.rows) {
    writer.put_varint(row.user);
    writer.put_varint(row.item);
    writer.put_varint(row.type);
    writer.put_zigzag(row.timestamp_ms);
    writer.put_varint(row.sequence);
    writer.put_u8(row.value ? 1 : 0);
    if (row.value) writer.put_u64(std::bit_cast<std::uint64_t>(*row.value));  // unsound ones, too, as they are
  }
}

Status decode_taken(std::string_view value, TakenInteractions* taken) {
  ByteReader reader(value);
  read_version(&reader);
  const std::uint64_t to = reader.varint_up_to(kNoDenseId);
  taken->to = to == 0 ? kNoDenseId : static_cast<DenseId>(to - 1);
  const std::uint64_t count = reader.varint();
  if (count > reader.remaining()) reader.fail();
  taken->rows.clear();
  for (std::uint64_t i = 0; i < count && !reader.failed(); ++i) {
    StoredInteraction& row = taken->rows.emplace_back();
    row.user = static_cast<DenseId>(reader.varint_up_to(kNoDenseId));
    row.item = static_cast<DenseId>(reader.varint_up_to(kNoDenseId));
    row.type = static_cast<InteractionTypeId>(reader.varint_up_to(std::numeric_limits<InteractionTypeId>::max()));
    row.timestamp_ms = reader.zigzag();
    row.sequence = reader.varint();
    if (reader.varint_up_to(1) == 1) row.value = std::bit_cast<double>(reader.u64());
  }
  return reader.finish("interactions that a record took");
}

void encode_idempotency(const IdempotencyRow& row, std::string* out) {
  ByteWriter writer(out);
  put_version(&writer);
  writer.put_zigzag(row.expires_ms);
  writer.put_varint(row.sequence);
}

Status decode_idempotency(std::string_view value, IdempotencyRow* row) {
  ByteReader reader(value);
  read_version(&reader);
  row->expires_ms = reader.zigzag();
  row->sequence = reader.varint();
  return reader.finish("idempotency key");
}

}  // namespace tamis::storage
