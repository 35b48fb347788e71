// Keys of every table. Numbers are big-endian, so that RocksDB's byte order is numeric order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/ids.h"

namespace tamis::storage {

// Flipped, it makes two's complement sort as unsigned bytes.
inline constexpr std::uint64_t kSignBit = 1ull << 63;

// A key of fixed length, on the stack.
template <std::size_t N>
struct FixedKey {
  std::array<char, N> bytes;
  std::string_view view() const { return {bytes.data(), N}; }
};

using EntityKey = FixedKey<4>;    // dense id
using HistoryKey = FixedKey<20>;  // owner | time, descending | sequence, descending
using LogKey = FixedKey<8>;       // sequence
using IdKey = FixedKey<5>;        // IdSpace | id
using VectorKey = FixedKey<5>;    // EntityKind | dense id

// What the `ids` table numbers.
enum class IdSpace : std::uint8_t { kUser = 0, kItem = 1, kInteractionType = 2 };  // persistent: do not renumber

inline IdSpace id_space(EntityKind kind) { return kind == EntityKind::kUser ? IdSpace::kUser : IdSpace::kItem; }

EntityKey entity_key(DenseId id);
std::optional<DenseId> decode_entity_key(std::string_view key);

// Of `interactions` (owner: the user) and `by_item` (owner: the item).
struct HistoryPosition {
  DenseId owner = kNoDenseId;
  TimestampMs timestamp_ms = 0;
  Sequence sequence = 0;
  bool operator==(const HistoryPosition&) const = default;
};
HistoryKey history_key(const HistoryPosition& position);
std::optional<HistoryPosition> decode_history_key(std::string_view key);

LogKey log_key(Sequence sequence);
std::optional<Sequence> decode_log_key(std::string_view key);

IdKey id_key(IdSpace space, std::uint32_t id);
struct NumberedId {
  IdSpace space = IdSpace::kUser;
  std::uint32_t id = 0;
};
std::optional<NumberedId> decode_id_key(std::string_view key);

VectorKey vector_key(EntityKind kind, DenseId id);
std::optional<DenseId> decode_vector_key(EntityKind kind, std::string_view key);  // nullopt for the other kind, too

// length of collection (2 bytes) | collection | name
std::string document_key(std::string_view collection, std::string_view name);
std::string document_prefix(std::string_view collection);

// 0x00 | 32 hexadecimal digits of the SHA-256 of the idempotency key: no byte of what a client wrote stands in a key.
// Format 2 and before had the key itself, which never begins with 0x00.
std::string idempotency_table_key(std::string_view idempotency_key);

// "departed/" | dense id; in `meta`
inline constexpr std::string_view kDepartedKeyPrefix = "departed/";
std::string departed_key(DenseId user);
std::optional<DenseId> decode_departed_key(std::string_view key);

// "taken/" | sequence; in `meta`
inline constexpr std::string_view kTakenKeyPrefix = "taken/";
std::string taken_key(Sequence sequence);
std::optional<Sequence> decode_taken_key(std::string_view key);

// 'p' | length of set name (2 bytes) | set name | block; one row of a PresenceSet.
std::string presence_key(std::string_view set, std::uint32_t block);
struct PresencePosition {
  std::string set;
  std::uint32_t block = 0;
};
std::optional<PresencePosition> decode_presence_key(std::string_view key);

// The smallest key that is greater than every key with this prefix; empty where there is none.
std::string prefix_end(std::string_view prefix);

}  // namespace tamis::storage
