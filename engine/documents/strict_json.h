// Strict reading of small JSON documents: every fault is an invalid_argument with the JSON pointer (RFC 6901) of the
// offending value in Status::field(), the value and what was expected.
//
// nlohmann's exceptions stop here. Thread-safe: no state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::engine {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxJsonBytes = 1u << 20;
inline constexpr std::size_t kMaxJsonDepth = 100;

// Refuses more than kMaxJsonBytes, deeper nesting than kMaxJsonDepth, malformed text and repeated members.
Result<Json> parse_json(std::string_view text);

// `pointer` + "/" + `member` (escaped as RFC 6901 says) or an index.
std::string child_pointer(std::string_view pointer, std::string_view member);
std::string child_pointer(std::string_view pointer, std::size_t index);

// "<value, shortened> is not valid; expected <expected>", blamed on `pointer`.
Status json_fault(const Json& value, std::string_view pointer, std::string_view expected);

// Refuses members of the object `value` that are not in `known`, with the nearest known name.
Status check_members(const Json& value, std::string_view pointer, std::span<const std::string_view> known);

// The fault of a member that is none of `known`, with the nearest of them.
Status unknown_member(std::string_view name, std::string_view pointer, std::span<const std::string_view> known);

// Typed reads of one value.
Result<bool> read_bool(const Json& value, std::string_view pointer);
Result<std::uint32_t> read_uint32(const Json& value, std::string_view pointer, std::uint32_t low, std::uint32_t high);
Result<std::string> read_string(const Json& value, std::string_view pointer, std::size_t low_bytes,
                                std::size_t high_bytes);
// The index of the string in `names`; the fault lists them and names the nearest.
Result<std::size_t> read_name(const Json& value, std::string_view pointer, std::span<const std::string_view> names);

// Compact text; bytes that are not UTF-8 become U+FFFD.
std::string to_text(const Json& value);

}  // namespace tamis::engine
