#include "storage/impression_codec.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "storage/key_codec.h"
#include "storage/value_codec.h"

namespace tamis::storage {
namespace {

// Persistent: do not renumber.
constexpr char kMarkTag = 0;
constexpr char kListTag = 1;
constexpr std::uint8_t kImpressionHasContext = 1;
constexpr std::uint8_t kHasPropensities = 2;
constexpr std::uint8_t kHadConditions = 4;
constexpr std::uint8_t kOutcomeHasValue = 1;

constexpr std::size_t kTimeBytes = 8;
constexpr std::size_t kSequenceBytes = 8;
constexpr std::uint64_t kMaxUint32 = std::numeric_limits<std::uint32_t>::max();

void put_u64_big_endian(std::string* out, std::uint64_t value) { out->append(log_key(value).view()); }

void put_f32(ByteWriter* writer, float value) { writer->put_raw(&value, sizeof value); }

float read_f32(ByteReader* reader) {
  const std::string_view bytes = reader->raw(sizeof(float));
  float value = 0;
  if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  if (!std::isfinite(value)) reader->fail();
  return value;
}

void read_version(ByteReader* reader) {
  if (reader->u8() != kValueVersion) reader->fail();
}

void read_slots(ByteReader* reader, bool with_propensities, std::vector<ServedSlot>* slots) {
  slots->clear();
  const std::uint64_t count = reader->varint_up_to(reader->remaining());
  bool is_by_chance = false;
  for (std::uint64_t i = 0; i < count && !reader->failed(); ++i) {
    ServedSlot& slot = slots->emplace_back();
    slot.item = static_cast<DenseId>(reader->varint_up_to(kNoDenseId - 1));
    slot.score = read_f32(reader);
    if (!with_propensities) continue;
    slot.propensity = reader->finite_f64();
    if (!(slot.propensity > 0 && slot.propensity <= 1)) reader->fail();
    is_by_chance |= slot.propensity != 1;
  }
  if (with_propensities != is_by_chance) reader->fail();  // one encoding only
}

}  // namespace

std::string impression_time_key(TimestampMs served_ms) {
  std::string key(1, kListTag);
  put_u64_big_endian(&key, static_cast<std::uint64_t>(served_ms) ^ kSignBit);
  return key;
}

std::string impression_key(TimestampMs served_ms, std::string_view recommendation_id, Sequence interaction) {
  std::string key = impression_time_key(served_ms);
  key.push_back(static_cast<char>(recommendation_id.size()));
  key.append(recommendation_id);
  if (interaction != 0) put_u64_big_endian(&key, interaction);
  return key;
}

std::optional<ImpressionPosition> decode_impression_key(std::string_view key) {
  constexpr std::size_t kHead = 1 + kTimeBytes + 1;
  if (key.size() <= kHead || key.front() != kListTag) return std::nullopt;
  const std::size_t id_bytes = static_cast<unsigned char>(key[kHead - 1]);
  if (id_bytes == 0 || id_bytes > kMaxRecommendationIdBytes) return std::nullopt;
  ImpressionPosition position;
  position.served_ms = static_cast<TimestampMs>(*decode_log_key(key.substr(1, kTimeBytes)) ^ kSignBit);
  if (key.size() != kHead + id_bytes && key.size() != kHead + id_bytes + kSequenceBytes) return std::nullopt;
  position.recommendation_id = key.substr(kHead, id_bytes);
  if (key.size() == kHead + id_bytes) return position;
  position.interaction = *decode_log_key(key.substr(kHead + id_bytes));
  if (position.interaction == 0) return std::nullopt;
  return position;
}

std::string attribution_mark_key() { return std::string(1, kMarkTag); }

void encode_impression(const Impression& impression, std::string* out) {
  bool is_by_chance = false;
  for (const ServedSlot& slot : impression.slots) is_by_chance |= slot.propensity != 1;
  ByteWriter writer(out);
  writer.put_u8(kValueVersion);
  writer.put_u8(static_cast<std::uint8_t>((impression.context.empty() ? 0 : kImpressionHasContext) |
                                          (is_by_chance ? kHasPropensities : 0) |
                                          (impression.had_conditions ? kHadConditions : 0)));
  writer.put_string(impression.user);
  writer.put_string(impression.funnel);
  writer.put_varint(impression.funnel_version);
  writer.put_string(impression.generation);
  writer.put_varint(impression.sequence);
  writer.put_varint(impression.asked);
  writer.put_varint(static_cast<std::uint64_t>(impression.attribution_window_s));
  writer.put_varint(impression.arms.size());
  for (const ArmRef& arm : impression.arms) {
    writer.put_string(arm.experiment);
    writer.put_string(arm.arm);
  }
  if (!impression.context.empty()) put_features(&writer, impression.context);
  writer.put_varint(impression.slots.size());
  for (const ServedSlot& slot : impression.slots) {
    writer.put_varint(slot.item);
    put_f32(&writer, slot.score);
    if (is_by_chance) writer.put_f64(slot.propensity);
  }
}

Status decode_impression(std::string_view value, Impression* impression) {
  ByteReader reader(value);
  read_version(&reader);
  const std::uint8_t flags = reader.u8();
  if (flags > (kImpressionHasContext | kHasPropensities | kHadConditions)) reader.fail();
  impression->had_conditions = (flags & kHadConditions) != 0;
  impression->user = reader.string();
  impression->funnel = reader.string();
  impression->funnel_version = static_cast<std::uint32_t>(reader.varint_up_to(kMaxUint32));
  impression->generation = reader.string();
  impression->sequence = reader.varint();
  impression->asked = static_cast<std::uint32_t>(reader.varint_up_to(kMaxUint32));
  impression->attribution_window_s =
      static_cast<std::int64_t>(reader.varint_up_to(std::numeric_limits<std::int64_t>::max() / 1'000));  // as ms, too
  impression->arms.clear();
  const std::uint64_t arms = reader.varint_up_to(reader.remaining());
  for (std::uint64_t i = 0; i < arms && !reader.failed(); ++i) {
    ArmRef& arm = impression->arms.emplace_back();
    arm.experiment = reader.string();
    arm.arm = reader.string();
  }
  impression->context.clear();
  if ((flags & kImpressionHasContext) != 0) {
    impression->context = read_features(&reader);
    if (impression->context.empty()) reader.fail();
  }
  read_slots(&reader, (flags & kHasPropensities) != 0, &impression->slots);
  return reader.finish("impression");
}

void encode_outcome(const Outcome& outcome, std::string* out) {
  ByteWriter writer(out);
  writer.put_u8(kValueVersion);
  writer.put_u8(outcome.value ? kOutcomeHasValue : 0);
  writer.put_varint(outcome.slot);
  writer.put_varint(outcome.type);
  if (outcome.value) writer.put_f64(*outcome.value);
  writer.put_zigzag(outcome.timestamp_ms);
}

Status decode_outcome(std::string_view value, Outcome* outcome) {
  ByteReader reader(value);
  read_version(&reader);
  const std::uint8_t flags = reader.u8();
  if (flags > kOutcomeHasValue) reader.fail();
  outcome->slot = static_cast<std::uint32_t>(reader.varint_up_to(kMaxUint32));
  outcome->type = static_cast<InteractionTypeId>(reader.varint_up_to(std::numeric_limits<InteractionTypeId>::max()));
  outcome->value.reset();
  if ((flags & kOutcomeHasValue) != 0) outcome->value = reader.finite_f64();
  outcome->timestamp_ms = reader.zigzag();
  return reader.finish("outcome");
}

void encode_attribution_mark(Sequence through, std::string* out) {
  ByteWriter writer(out);
  writer.put_u8(kValueVersion);
  writer.put_varint(through);
}

Status decode_attribution_mark(std::string_view value, Sequence* through) {
  ByteReader reader(value);
  read_version(&reader);
  *through = reader.varint();
  return reader.finish("attribution mark");
}

}  // namespace tamis::storage
