#include "storage/log_codec.h"

#include <cassert>
#include <cmath>
#include <cstring>

#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

enum class Tag : std::uint8_t {  // persistent: do not renumber
  kPutInteraction = 1,
  kPutEntity = 2,
  kDeleteEntity = 4,
  kPutVector = 5,
  kDeleteVector = 6,
  kPutSpace = 7,
  kDeleteSpace = 8,
  kPutDocument = 9,
  kDeleteDocument = 10,
  kDeleteInteractions = 11,
  kMergeUser = 12,
};

enum InteractionFlag : std::uint8_t {  // persistent: do not renumber
  kLogHasValue = 1,
  kLogHasContext = 2,
  kHasRecommendation = 4,
  kHasIdempotencyKey = 8,
  kHasImport = 16,  // version 2
};

void put_head(ByteWriter* writer, Tag tag, TimestampMs committed_ms, std::uint8_t version = kValueVersion) {
  writer->put_u8(version);
  writer->put_u8(static_cast<std::uint8_t>(tag));
  writer->put_zigzag(committed_ms);
}

struct RecordWriter {
  ByteWriter* writer;
  TimestampMs committed_ms;

  void operator()(const PutInteraction& put) const {
    const Interaction& interaction = put.interaction;
    put_head(writer, Tag::kPutInteraction, committed_ms, interaction.import_id.empty() ? kValueVersion : kWiderVersion);
    writer->put_u8(static_cast<std::uint8_t>((interaction.value ? kLogHasValue : 0) |
                                             (interaction.context.empty() ? 0 : kLogHasContext) |
                                             (interaction.recommendation_id.empty() ? 0 : kHasRecommendation) |
                                             (interaction.idempotency_key.empty() ? 0 : kHasIdempotencyKey) |
                                             (interaction.import_id.empty() ? 0 : kHasImport)));
    writer->put_string(interaction.user);
    writer->put_string(interaction.item);
    writer->put_string(interaction.type);
    writer->put_zigzag(interaction.timestamp_ms);
    if (interaction.value) writer->put_f64(*interaction.value);
    if (!interaction.context.empty()) put_features(writer, interaction.context);
    if (!interaction.recommendation_id.empty()) writer->put_string(interaction.recommendation_id);
    if (!interaction.idempotency_key.empty()) writer->put_string(interaction.idempotency_key);
    if (!interaction.import_id.empty()) writer->put_string(interaction.import_id);
  }
  void operator()(const PutEntity& put) const {
    put_head(writer, Tag::kPutEntity, committed_ms, has_extras(put.entity) ? kWiderVersion : kValueVersion);
    put_kind(put.kind);
    writer->put_string(put.entity.id);
    writer->put_zigzag(put.entity.expires_ms);
    if (has_extras(put.entity)) put_entity_extras(writer, put.entity);
    put_features(writer, put.entity.features);
  }
  void operator()(const PatchEntity&) const { assert(false && "a patch is recorded as the put that it amounts to"); }
  void operator()(const DeleteEntity& erase) const {
    put_head(writer, Tag::kDeleteEntity, committed_ms, erase.erase ? kWiderVersion : kValueVersion);
    put_kind(erase.kind);
    writer->put_string(erase.id);
    if (erase.erase) writer->put_u8(1);
  }
  void operator()(const PutVector& put) const {
    put_head(writer, Tag::kPutVector, committed_ms, put.version != 0 ? kWiderVersion : kValueVersion);
    writer->put_string(put.space);
    put_kind(put.kind);
    writer->put_string(put.id);
    if (put.version != 0) writer->put_varint(put.version);
    writer->put_varint(put.vector.size());
    writer->put_raw(put.vector.data(), put.vector.size() * sizeof(float));
  }
  void operator()(const DeleteVector& erase) const {
    put_head(writer, Tag::kDeleteVector, committed_ms);
    writer->put_string(erase.space);
    put_kind(erase.kind);
    writer->put_string(erase.id);
  }
  void operator()(const PutSpace& put) const {
    put_head(writer, Tag::kPutSpace, committed_ms);
    put_space(writer, put.space);
  }
  void operator()(const DeleteSpace& erase) const {
    put_head(writer, Tag::kDeleteSpace, committed_ms);
    writer->put_string(erase.name);
  }
  void operator()(const PutDocument& put) const {
    put_head(writer, Tag::kPutDocument, committed_ms);
    writer->put_string(put.collection);
    writer->put_string(put.name);
    writer->put_string(put.json);
  }
  void operator()(const DeleteDocument& erase) const {
    put_head(writer, Tag::kDeleteDocument, committed_ms);
    writer->put_string(erase.collection);
    writer->put_string(erase.name);
  }
  void operator()(const DeleteInteractions& erase) const {
    put_head(writer, Tag::kDeleteInteractions, committed_ms, kWiderVersion);
    writer->put_varint(erase.rows.size());
    for (const InteractionRef& row : erase.rows) {
      writer->put_string(row.user);
      writer->put_zigzag(row.timestamp_ms);
      writer->put_varint(row.sequence);
    }
  }
  void operator()(const MergeUser& merge) const {
    put_head(writer, Tag::kMergeUser, committed_ms, kWiderVersion);
    writer->put_string(merge.user);
    writer->put_string(merge.session);
    writer->put_u8(merge.complete ? 1 : 0);
    writer->put_varint(merge.moved.size());
    Sequence before = 0;
    for (const Sequence sequence : merge.moved) {
      writer->put_varint(sequence - before);
      before = sequence;
    }
  }
  void put_kind(EntityKind kind) const { writer->put_u8(static_cast<std::uint8_t>(kind)); }
};

EntityKind read_kind(ByteReader* reader) {
  return reader->varint_up_to(1) == 0 ? EntityKind::kUser : EntityKind::kItem;
}

// A string that the encoder writes only where it is not empty.
std::string read_present(ByteReader* reader) {
  std::string text(reader->string());
  if (text.empty()) reader->fail();
  return text;
}

// What a version 2 record says with a byte that is always 1, and a version 1 record with none.
bool read_mark(bool is_wider, ByteReader* reader) {
  if (is_wider && reader->u8() != 1) reader->fail();
  return is_wider;
}

PutInteraction read_put_interaction(bool is_wider, ByteReader* reader) {
  PutInteraction put;
  Interaction& interaction = put.interaction;
  const std::uint8_t flags = reader->u8();
  if (flags >= 2 * kHasImport || is_wider != ((flags & kHasImport) != 0)) reader->fail();
  interaction.user = reader->string();
  interaction.item = reader->string();
  interaction.type = reader->string();
  interaction.timestamp_ms = reader->zigzag();
  if ((flags & kLogHasValue) != 0) interaction.value = reader->finite_f64();
  if ((flags & kLogHasContext) != 0) {
    interaction.context = read_features(reader);
    if (interaction.context.empty()) reader->fail();
  }
  if ((flags & kHasRecommendation) != 0) interaction.recommendation_id = read_present(reader);
  if ((flags & kHasIdempotencyKey) != 0) interaction.idempotency_key = read_present(reader);
  if ((flags & kHasImport) != 0) interaction.import_id = read_present(reader);
  return put;
}

DeleteInteractions read_delete_interactions(ByteReader* reader) {
  DeleteInteractions erase;
  const std::uint64_t count = reader->varint_up_to(reader->remaining());
  for (std::uint64_t i = 0; i < count && !reader->failed(); ++i) {
    InteractionRef& row = erase.rows.emplace_back();
    row.user = reader->string();
    row.timestamp_ms = reader->zigzag();
    row.sequence = reader->varint();
  }
  return erase;
}

MergeUser read_merge_user(ByteReader* reader) {
  MergeUser merge;
  merge.user = reader->string();
  merge.session = reader->string();
  merge.complete = reader->varint_up_to(1) == 1;
  const std::uint64_t count = reader->varint_up_to(reader->remaining());
  Sequence before = 0;
  for (std::uint64_t i = 0; i < count && !reader->failed(); ++i) {
    const Sequence step = reader->varint();
    if (step == 0 || before + step < before) reader->fail();
    merge.moved.push_back(before += step);
  }
  return merge;
}

PutEntity read_put_entity(bool is_wider, ByteReader* reader, TimestampMs committed_ms) {
  PutEntity put{.kind = read_kind(reader), .entity = {}};
  put.entity.id = reader->string();
  put.entity.expires_ms = reader->zigzag();
  if (is_wider) read_entity_extras(reader, &put.entity);
  put.entity.features = read_features(reader);
  put.entity.updated_ms = committed_ms;
  return put;
}

PutVector read_put_vector(bool is_wider, ByteReader* reader) {
  PutVector put;
  put.space = reader->string();
  put.kind = read_kind(reader);
  put.id = reader->string();
  if (is_wider) put.version = reader->varint_up_to(kMaxVersion);
  if (is_wider && put.version == 0) reader->fail();
  const auto dim = static_cast<std::size_t>(reader->varint_up_to(kMaxDim));
  const std::string_view bytes = reader->raw(dim * sizeof(float));
  put.vector.resize(bytes.size() / sizeof(float));
  if (!bytes.empty()) std::memcpy(put.vector.data(), bytes.data(), bytes.size());
  for (const float element : put.vector) {
    if (!std::isfinite(element)) reader->fail();
  }
  return put;
}

// True where version 2 of the record exists.
bool may_be_wider(Tag tag) {
  return tag == Tag::kPutInteraction || tag == Tag::kPutEntity || tag == Tag::kDeleteEntity || tag == Tag::kPutVector ||
         tag == Tag::kDeleteInteractions || tag == Tag::kMergeUser;
}

Mutation read_mutation(Tag tag, bool is_wider, TimestampMs committed_ms, ByteReader* reader) {
  switch (tag) {
    case Tag::kPutInteraction: return read_put_interaction(is_wider, reader);
    case Tag::kPutEntity: return read_put_entity(is_wider, reader, committed_ms);
    case Tag::kDeleteEntity: {
      DeleteEntity erase{.kind = read_kind(reader), .id = {}};
      erase.id = reader->string();
      erase.erase = read_mark(is_wider, reader);
      return erase;
    }
    case Tag::kDeleteInteractions:
      if (!is_wider) reader->fail();
      return read_delete_interactions(reader);
    case Tag::kMergeUser:
      if (!is_wider) reader->fail();
      return read_merge_user(reader);
    case Tag::kPutVector: return read_put_vector(is_wider, reader);
    case Tag::kDeleteVector: {
      std::string space(reader->string());
      const EntityKind kind = read_kind(reader);
      return DeleteVector{.space = std::move(space), .kind = kind, .id = std::string(reader->string())};
    }
    case Tag::kPutSpace: return PutSpace{read_space(reader)};
    case Tag::kDeleteSpace: return DeleteSpace{std::string(reader->string())};
    case Tag::kPutDocument: {
      PutDocument put;
      put.collection = reader->string();
      put.name = reader->string();
      put.json = reader->string();
      return put;
    }
    case Tag::kDeleteDocument: {
      DeleteDocument erase;
      erase.collection = reader->string();
      erase.name = reader->string();
      return erase;
    }
  }
  reader->fail();
  return PutInteraction{};
}

}  // namespace

void encode_log_record(TimestampMs committed_ms, const Mutation& mutation, std::string* out) {
  ByteWriter writer(out);
  std::visit(RecordWriter{&writer, committed_ms}, mutation);
}

Status decode_log_record(std::string_view value, TimestampMs* committed_ms, Mutation* mutation) {
  ByteReader reader(value);
  const std::uint8_t version = reader.u8();
  const auto tag = static_cast<Tag>(reader.u8());
  const bool is_wider = version == kWiderVersion;
  if (version != kValueVersion && !(is_wider && may_be_wider(tag))) reader.fail();
  *committed_ms = reader.zigzag();
  *mutation = read_mutation(tag, is_wider, *committed_ms, &reader);
  return reader.finish("log record");
}

}  // namespace tamis::storage
