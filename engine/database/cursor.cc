#include "engine/database/cursor.h"

#include <cstdint>
#include <vector>

#include "common/checksum.h"

namespace tamis::engine {
namespace {

// A cursor is hexadecimal: 64-bit words, then 32 bits of their checksum. The first word says what list it belongs to.
constexpr std::uint64_t kEntityList = 1;
constexpr std::uint64_t kInteractionList = 2;
constexpr std::string_view kDigits = "0123456789abcdef";

using Words = std::vector<std::uint64_t>;

void append_hex(std::uint64_t value, int digits, std::string* out) {
  for (int digit = digits - 1; digit >= 0; --digit) out->push_back(kDigits[(value >> (4 * digit)) & 0xF]);
}

std::uint32_t seal_of(const Words& words) {
  return static_cast<std::uint32_t>(checksum64(words.data(), words.size() * sizeof(std::uint64_t)));
}

std::string encode(const Words& words) {
  std::string cursor;
  for (const std::uint64_t word : words) append_hex(word, 16, &cursor);
  append_hex(seal_of(words), 8, &cursor);
  return cursor;
}

std::optional<Words> decode(std::string_view cursor, std::size_t word_count) {
  if (cursor.size() != word_count * 16 + 8) return std::nullopt;
  Words words(word_count);
  std::uint64_t seal = 0;
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    const auto digit = kDigits.find(cursor[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    std::uint64_t& word = i / 16 < word_count ? words[i / 16] : seal;
    word = (word << 4) | digit;
  }
  if (seal != seal_of(words)) return std::nullopt;
  return words;
}

std::uint64_t list_word(std::uint64_t list, EntityKind kind) { return list << 8 | static_cast<std::uint64_t>(kind); }

Status foreign_cursor() {
  return Status::invalid_argument("cursor does not belong to this list; expected the cursor of the page before")
      .at_field("cursor");
}

}  // namespace

std::string encode_cursor(const EntityPosition& position) {
  return encode({list_word(kEntityList, position.kind), position.next});
}

std::string encode_cursor(const InteractionPosition& position) {
  return encode({list_word(kInteractionList, position.kind), position.owner,
                 static_cast<std::uint64_t>(position.after.timestamp_ms), position.after.sequence});
}

Result<std::optional<EntityPosition>> decode_entity_cursor(std::string_view cursor, EntityKind kind) {
  if (cursor.empty()) return std::optional<EntityPosition>();
  const auto words = decode(cursor, 2);
  if (!words || (*words)[0] != list_word(kEntityList, kind) || (*words)[1] > kNoDenseId) return foreign_cursor();
  return std::optional(EntityPosition{kind, static_cast<DenseId>((*words)[1])});
}

Result<std::optional<InteractionPosition>> decode_interaction_cursor(std::string_view cursor, EntityKind kind,
                                                                     DenseId owner) {
  if (cursor.empty()) return std::optional<InteractionPosition>();
  const auto words = decode(cursor, 4);
  if (!words || (*words)[0] != list_word(kInteractionList, kind) || (*words)[1] != owner) return foreign_cursor();
  return std::optional(InteractionPosition{kind, owner, {static_cast<TimestampMs>((*words)[2]), (*words)[3]}});
}

}  // namespace tamis::engine
