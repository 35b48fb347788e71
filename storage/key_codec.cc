#include "storage/key_codec.h"

#include "common/sha256.h"

namespace tamis::storage {
namespace {

template <typename T>
char* put_big_endian(char* out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  return out + sizeof(T);
}

template <typename T>
T get_big_endian(const char* bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((value << 8) | static_cast<unsigned char>(bytes[i]));
  }
  return value;
}

// Signed order becomes unsigned order; then descending by complement.
std::uint64_t descending_time(TimestampMs ms) { return ~(static_cast<std::uint64_t>(ms) ^ kSignBit); }
TimestampMs ascending_time(std::uint64_t key) { return static_cast<TimestampMs>(~key ^ kSignBit); }

std::string length_prefixed(std::string_view text) {
  std::string key(2, '\0');
  put_big_endian(key.data(), static_cast<std::uint16_t>(text.size()));
  key.append(text);
  return key;
}

constexpr char kPresenceTag = 'p';

}  // namespace

EntityKey entity_key(DenseId id) {
  EntityKey key;
  put_big_endian(key.bytes.data(), id);
  return key;
}

std::optional<DenseId> decode_entity_key(std::string_view key) {
  if (key.size() != 4) return std::nullopt;
  return get_big_endian<std::uint32_t>(key.data());
}

HistoryKey history_key(const HistoryPosition& position) {
  HistoryKey key;
  char* out = put_big_endian(key.bytes.data(), position.owner);
  out = put_big_endian(out, descending_time(position.timestamp_ms));
  put_big_endian(out, ~position.sequence);
  return key;
}

std::optional<HistoryPosition> decode_history_key(std::string_view key) {
  if (key.size() != 20) return std::nullopt;
  return HistoryPosition{.owner = get_big_endian<std::uint32_t>(key.data()),
                         .timestamp_ms = ascending_time(get_big_endian<std::uint64_t>(key.data() + 4)),
                         .sequence = ~get_big_endian<std::uint64_t>(key.data() + 12)};
}

LogKey log_key(Sequence sequence) {
  LogKey key;
  put_big_endian(key.bytes.data(), sequence);
  return key;
}

std::optional<Sequence> decode_log_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return get_big_endian<std::uint64_t>(key.data());
}

IdKey id_key(IdSpace space, std::uint32_t id) {
  IdKey key;
  key.bytes[0] = static_cast<char>(space);
  put_big_endian(key.bytes.data() + 1, id);
  return key;
}

std::optional<NumberedId> decode_id_key(std::string_view key) {
  if (key.size() != 5 || static_cast<unsigned char>(key[0]) > 2) return std::nullopt;
  return NumberedId{.space = static_cast<IdSpace>(key[0]), .id = get_big_endian<std::uint32_t>(key.data() + 1)};
}

VectorKey vector_key(EntityKind kind, DenseId id) {
  VectorKey key;
  key.bytes[0] = static_cast<char>(kind);
  put_big_endian(key.bytes.data() + 1, id);
  return key;
}

std::optional<DenseId> decode_vector_key(EntityKind kind, std::string_view key) {
  if (key.size() != 5 || key[0] != static_cast<char>(kind)) return std::nullopt;
  return get_big_endian<std::uint32_t>(key.data() + 1);
}

std::string document_key(std::string_view collection, std::string_view name) {
  return document_prefix(collection).append(name);
}

std::string document_prefix(std::string_view collection) { return length_prefixed(collection); }

std::string idempotency_table_key(std::string_view idempotency_key) {
  Sha256 hash;
  hash.add(idempotency_key);
  std::string key(1, '\0');
  return key.append(hash.hex(), 0, 32);
}

std::string departed_key(DenseId user) { return std::string(kDepartedKeyPrefix).append(entity_key(user).view()); }

std::optional<DenseId> decode_departed_key(std::string_view key) {
  if (!key.starts_with(kDepartedKeyPrefix)) return std::nullopt;
  return decode_entity_key(key.substr(kDepartedKeyPrefix.size()));
}

std::string taken_key(Sequence sequence) { return std::string(kTakenKeyPrefix).append(log_key(sequence).view()); }

std::optional<Sequence> decode_taken_key(std::string_view key) {
  if (!key.starts_with(kTakenKeyPrefix)) return std::nullopt;
  return decode_log_key(key.substr(kTakenKeyPrefix.size()));
}

std::string presence_key(std::string_view set, std::uint32_t block) {
  std::string key = kPresenceTag + length_prefixed(set);
  const std::size_t end = key.size();
  key.resize(end + 4);
  put_big_endian(key.data() + end, block);
  return key;
}

std::optional<PresencePosition> decode_presence_key(std::string_view key) {
  if (key.size() < 7 || key[0] != kPresenceTag) return std::nullopt;
  const auto length = get_big_endian<std::uint16_t>(key.data() + 1);
  if (key.size() != 7u + length) return std::nullopt;
  return PresencePosition{.set = std::string(key.substr(3, length)),
                          .block = get_big_endian<std::uint32_t>(key.data() + 3 + length)};
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xFF) end.pop_back();
  if (!end.empty()) end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  return end;
}

}  // namespace tamis::storage
