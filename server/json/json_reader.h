// Strict reading of JSON values: every error names the field, the value found and what was expected.
//
// Built on simdjson's DOM, which validates the whole text first: UTF-8, lone surrogates, numbers that no double holds,
// depth, trailing bytes. Functions are thread-safe; a JsonDocument is externally synchronised.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/feature.h"
#include "common/status.h"
#include "server/json/json_path.h"

namespace tamis::server {

// A parser and the document that it parsed last; parsing another invalidates the values of the one before.
class JsonDocument {
 public:
  static constexpr std::size_t kMaxDepth = 32;
  // simdjson reads this many bytes past the end of a text; they may hold anything.
  static constexpr std::size_t kPaddingBytes = simdjson::SIMDJSON_PADDING;

  // `what` is the text's name in a refusal.
  // REQUIRES: kPaddingBytes readable bytes after `text`, which outlives the values.
  Result<simdjson::dom::element> parse_padded(std::string_view text, std::string_view what = "the body");
  // Copies the text first.
  Result<simdjson::dom::element> parse(std::string_view text, std::string_view what = "the body");

 private:
  simdjson::dom::parser parser_;
};

// What a person would recognise of a value: `"abc"`, `12`, `a list`.
std::string describe(simdjson::dom::element value);

Status read_string(simdjson::dom::element value, const JsonPath& path, std::string* out);
// At most `max_bytes` bytes.
Status read_string(simdjson::dom::element value, const JsonPath& path, std::size_t max_bytes, std::string* out);
// Whole numbers beyond 2^53 are refused, since a double would round them.
Status read_double(simdjson::dom::element value, const JsonPath& path, double* out);
Status read_bool(simdjson::dom::element value, const JsonPath& path, bool* out);
Status read_uint(simdjson::dom::element value, const JsonPath& path, std::uint64_t low, std::uint64_t high,
                 std::uint64_t* out);
Status read_u32(simdjson::dom::element value, const JsonPath& path, std::uint32_t low, std::uint32_t high,
                std::uint32_t* out);
// RFC 3339 text or Unix milliseconds. Numbers that look like Unix seconds (clock.h) are refused with that hint.
Status read_timestamp(simdjson::dom::element value, const JsonPath& path, TimestampMs* out);
Status read_strings(simdjson::dom::element value, const JsonPath& path, std::size_t max_elements,
                    std::vector<std::string>* out);
// Numbers that a float holds; at most kMaxDim of them.
Status read_vector(simdjson::dom::element value, const JsonPath& path, std::vector<float>* out);
// Booleans, numbers, strings, lists of strings. A null is no feature; where `removed` is given, its name is added to
// it.
Status read_features(simdjson::dom::element value, const JsonPath& path, Features* out,
                     std::vector<std::string>* removed);

Result<simdjson::dom::object> read_object(simdjson::dom::element value, const JsonPath& path);
Result<simdjson::dom::array> read_array(simdjson::dom::element value, const JsonPath& path);

// invalid_argument naming the unknown field and the nearest known one.
Status refuse_unknown_field(std::string_view field, std::span<const std::string_view> known, const JsonPath& path);
Status refuse_duplicate_field(std::string_view field, const JsonPath& path);
// invalid_argument "<path>.<field> is missing; ...".
Status refuse_missing_field(std::string_view field, const JsonPath& path);

// Calls on_field(index into `known`, value) -> Status for each field of an object; refuses unknown and repeated fields.
// REQUIRES: at most 64 known fields.
template <typename OnField>
Status read_fields(simdjson::dom::object object, std::span<const std::string_view> known, const JsonPath& path,
                   OnField&& on_field) {
  std::uint64_t seen = 0;
  for (const auto [key, value] : object) {
    std::size_t index = 0;
    while (index < known.size() && known[index] != key) ++index;
    if (index == known.size()) return refuse_unknown_field(key, known, path);
    const std::uint64_t bit = std::uint64_t{1} << index;
    if ((seen & bit) != 0) return refuse_duplicate_field(key, path);
    seen |= bit;
    TAMIS_RETURN_IF_ERROR(on_field(index, value));
  }
  return Status::ok();
}

}  // namespace tamis::server
