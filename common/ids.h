// The numbers by which Tamis names things inside one database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "common/status.h"

namespace tamis {

// The dense internal id of a user or of an item: 0, 1, 2, ... in the order in which the log first names it, so that
// every node that applies the same log gives the same ids. Never reused. Users and items count separately.
using DenseId = std::uint32_t;
inline constexpr DenseId kNoDenseId = std::numeric_limits<DenseId>::max();

// The number of a committed write; 0 is "before the first write".
using Sequence = std::uint64_t;

enum class EntityKind : std::uint8_t { kUser = 0, kItem = 1 };  // persistent: do not renumber

inline constexpr std::size_t kMaxExternalIdBytes = 256;

// An external id is 1..256 bytes of valid UTF-8 without control characters. `field` names it in the error.
Status validate_external_id(std::string_view id, std::string_view field);

// True where `text` is well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF).
bool is_valid_utf8(std::string_view text);

}  // namespace tamis
