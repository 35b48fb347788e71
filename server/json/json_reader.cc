#include "server/json/json_reader.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/nearest_name.h"
#include "common/records.h"

namespace tamis::server {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

constexpr std::size_t kShownBytes = 40;
constexpr std::size_t kMinCapacityBytes = 4'096;

// "did you mean \"price\"?" or what there is to choose from.
std::string suggest_name(std::string_view name, std::span<const std::string_view> known) {
  if (const std::string_view nearest = nearest_name(name, known); !nearest.empty())
    return "did you mean \"" + std::string(nearest) + "\"?";
  std::string all = "known fields are ";
  for (std::size_t i = 0; i < known.size(); ++i) all.append(i == 0 ? "" : ", ").append(known[i]);
  return all;
}

// Of a whole number: within 2^53 either way.
bool is_exact(element value) {
  constexpr std::int64_t kMost = std::int64_t{1} << 53;
  std::int64_t number = 0;
  return value.get_int64().get(number) == simdjson::SUCCESS && number >= -kMost && number <= kMost;
}

Status parse_failure(simdjson::error_code code, std::string_view what) {
  std::string detail;
  switch (code) {
    case simdjson::EMPTY: detail = "it is empty"; break;
    case simdjson::UTF8_ERROR: detail = "it is not valid UTF-8"; break;
    case simdjson::STRING_ERROR: detail = "a string has a bad escape or a lone surrogate"; break;
    case simdjson::UNESCAPED_CHARS: detail = "a string has an unescaped control character"; break;
    case simdjson::UNCLOSED_STRING: detail = "a string is not closed"; break;
    case simdjson::NUMBER_ERROR:
      detail = "a number is malformed, not finite or beyond 64 bits (a string can hold it)";
      break;
    case simdjson::DEPTH_ERROR:
      detail = "it nests deeper than " + std::to_string(JsonDocument::kMaxDepth) + " levels";
      break;
    case simdjson::CAPACITY: detail = "it is too large"; break;
    default: detail = simdjson::error_message(code);
  }
  return Status::invalid_argument(std::string(what) + " is not valid JSON: " + detail);
}

}  // namespace

Result<element> JsonDocument::parse_padded(std::string_view text, std::string_view what) {
  if (parser_.max_depth() != kMaxDepth || parser_.capacity() < text.size()) {
    if (const auto error =
            parser_.allocate(std::max({text.size() + 64, 2 * parser_.capacity(), kMinCapacityBytes}), kMaxDepth);
        error != simdjson::SUCCESS)
      return parse_failure(error, what);
  }
  element root;
  const auto error = parser_.parse(text.data(), text.size(), false).get(root);
  if (error != simdjson::SUCCESS) return parse_failure(error, what);
  return root;
}

Result<element> JsonDocument::parse(std::string_view text, std::string_view what) {
  // dom::parser keeps its own copy of strings, so the padded text may go when this returns.
  const simdjson::padded_string padded(text);
  return parse_padded(std::string_view(padded.data(), padded.size()), what);
}

std::string describe(element value) {
  switch (value.type()) {
    case element_type::ARRAY: return "a list";
    case element_type::OBJECT: return "an object";
    case element_type::STRING: {
      std::string_view text = value.get_string().value_unsafe();
      if (text.size() <= kShownBytes) return "\"" + std::string(text) + "\"";
      std::size_t cut = kShownBytes;
      while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U) --cut;  // a whole character
      return "\"" + std::string(text.substr(0, cut)) + "...\"";
    }
    default: return simdjson::minify(value);
  }
}

Status read_string(element value, const JsonPath& path, std::string* out) {
  std::string_view text;
  if (value.get_string().get(text) != simdjson::SUCCESS) return refuse(path, describe(value), "a string");
  out->assign(text);
  return Status::ok();
}

Status read_string(element value, const JsonPath& path, std::size_t max_bytes, std::string* out) {
  TAMIS_RETURN_IF_ERROR(read_string(value, path, out));
  if (out->size() > max_bytes) {
    return refuse(path, std::to_string(out->size()) + " bytes long", "at most " + std::to_string(max_bytes) + " bytes");
  }
  return Status::ok();
}

Status read_double(element value, const JsonPath& path, double* out) {
  if (!value.is_number() || value.get_double().get(*out) != simdjson::SUCCESS || !std::isfinite(*out))
    return refuse(path, describe(value), "a number");
  if (value.type() != element_type::DOUBLE && !is_exact(value)) {
    return refuse(path, describe(value),
                  "a whole number of at most 2^53 either way, which a double holds exactly; a string can hold it");
  }
  return Status::ok();
}

Status read_bool(element value, const JsonPath& path, bool* out) {
  if (value.get_bool().get(*out) != simdjson::SUCCESS) return refuse(path, describe(value), "true or false");
  return Status::ok();
}

Status read_uint(element value, const JsonPath& path, std::uint64_t low, std::uint64_t high, std::uint64_t* out) {
  bool is_whole = value.get_uint64().get(*out) == simdjson::SUCCESS;
  if (double number = 0; !is_whole && value.get_double().get(number) == simdjson::SUCCESS) {
    is_whole = number >= 0 && number <= kMaxExactInteger && number == std::floor(number);
    if (is_whole) *out = static_cast<std::uint64_t>(number);
  }
  if (!is_whole || *out < low || *out > high) {
    const std::string bounds = high == std::numeric_limits<std::uint64_t>::max()
                                   ? " of at least " + std::to_string(low)
                                   : " from " + std::to_string(low) + " to " + std::to_string(high);
    return refuse(path, describe(value), "a whole number" + bounds);
  }
  return Status::ok();
}

Status read_u32(element value, const JsonPath& path, std::uint32_t low, std::uint32_t high, std::uint32_t* out) {
  std::uint64_t number = 0;
  TAMIS_RETURN_IF_ERROR(read_uint(value, path, low, high, &number));
  *out = static_cast<std::uint32_t>(number);
  return Status::ok();
}

Status read_timestamp(element value, const JsonPath& path, TimestampMs* out) {
  constexpr std::string_view kExpected = "an RFC 3339 time such as 2011-12-01T10:00:00Z or Unix milliseconds";
  if (std::string_view text; value.get_string().get(text) == simdjson::SUCCESS) {
    const auto parsed = parse_rfc3339(text);
    if (!parsed.is_ok()) return refuse(path, describe(value), kExpected);
    *out = *parsed;
    return Status::ok();
  }
  double number = 0;
  if (value.get_double().get(number) == simdjson::SUCCESS && looks_like_seconds(number)) {
    return refuse(path, describe(value),
                  "Unix milliseconds (the number looks like seconds; multiply it by 1000) or an RFC 3339 time");
  }
  if (value.get_double().get(number) != simdjson::SUCCESS || !(number >= static_cast<double>(kMinTimestampMs)) ||
      !(number <= static_cast<double>(kMaxTimestampMs)))
    return refuse(path, describe(value), kExpected);
  *out = static_cast<TimestampMs>(number);
  return Status::ok();
}

Status read_strings(element value, const JsonPath& path, std::size_t max_elements, std::vector<std::string>* out) {
  simdjson::dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return refuse(path, describe(value), "a list of strings");
  out->clear();
  for (const element entry : array) {
    const JsonPath entry_path{.parent = &path, .name = {}, .index = out->size()};
    if (out->size() == max_elements)
      return refuse(path, "a longer list", "at most " + std::to_string(max_elements) + " elements");
    TAMIS_RETURN_IF_ERROR(read_string(entry, entry_path, &out->emplace_back()));
  }
  return Status::ok();
}

Status read_vector(element value, const JsonPath& path, std::vector<float>* out) {
  simdjson::dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return refuse(path, describe(value), "a list of numbers");
  const std::size_t size = array.size();
  if (size == 0 || size > kMaxDim) {
    return refuse(path, "a list of " + std::to_string(size), "1 to " + std::to_string(kMaxDim) + " numbers");
  }
  out->clear();
  out->reserve(size);
  for (const element entry : array) {
    double number = 0;
    if (!entry.is_number() || entry.get_double().get(number) != simdjson::SUCCESS ||
        !(std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max()))) {
      return refuse(JsonPath{.parent = &path, .name = {}, .index = out->size()}, describe(entry),
                    "a number that a 32-bit float holds");
    }
    out->push_back(static_cast<float>(number));
  }
  return Status::ok();
}

namespace {

Status read_feature_value(element value, const JsonPath& path, FeatureValue* out) {
  switch (value.type()) {
    case element_type::BOOL: *out = bool(value.get_bool().value_unsafe()); return Status::ok();
    case element_type::STRING: *out = std::string(value.get_string().value_unsafe()); return Status::ok();
    case element_type::INT64:
    case element_type::UINT64:
    case element_type::DOUBLE: {
      double number = 0;
      TAMIS_RETURN_IF_ERROR(read_double(value, path, &number));
      *out = number;
      return Status::ok();
    }
    case element_type::ARRAY: {
      std::vector<std::string> elements;
      TAMIS_RETURN_IF_ERROR(read_strings(value, path, FeatureLimits::kMaxElements, &elements));
      *out = std::move(elements);
      return Status::ok();
    }
    case element_type::OBJECT:
    case element_type::NULL_VALUE: break;
  }
  return refuse(path, describe(value), "a boolean, a number, a string or a list of strings");
}

}  // namespace

Status read_features(element value, const JsonPath& path, Features* out, std::vector<std::string>* removed) {
  simdjson::dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return refuse(path, describe(value), "an object");
  for (const auto [key, entry] : object) {
    const JsonPath entry_path{.parent = &path, .name = key};
    if (key.empty() || key.size() > FeatureLimits::kMaxNameBytes) {
      return refuse(path, "holding a name of " + std::to_string(key.size()) + " bytes", "names of 1 to 128 bytes");
    }
    if (entry.is_null()) {
      if (removed != nullptr) removed->emplace_back(key);
      continue;
    }
    const auto [position, inserted] = out->try_emplace(std::string(key));
    if (!inserted) return refuse_duplicate_field(key, path);
    TAMIS_RETURN_IF_ERROR(read_feature_value(entry, entry_path, &position->second));
  }
  return Status::ok();
}

Result<simdjson::dom::object> read_object(element value, const JsonPath& path) {
  simdjson::dom::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return refuse(path, describe(value), "an object");
  return object;
}

Result<simdjson::dom::array> read_array(element value, const JsonPath& path) {
  simdjson::dom::array array;
  if (value.get_array().get(array) != simdjson::SUCCESS) return refuse(path, describe(value), "a list");
  return array;
}

Status refuse_unknown_field(std::string_view field, std::span<const std::string_view> known, const JsonPath& path) {
  const std::string shown(field.substr(0, 64));
  const std::string full = JsonPath{.parent = &path, .name = shown}.to_string();
  return Status::invalid_argument(full + " is not a known field; " + suggest_name(field, known)).at_field(full);
}

Status refuse_duplicate_field(std::string_view field, const JsonPath& path) {
  const std::string full = JsonPath{.parent = &path, .name = field}.to_string();
  return Status::invalid_argument(full + " is given twice; expected each field once").at_field(full);
}

Status refuse_missing_field(std::string_view field, const JsonPath& path) {
  const std::string full = JsonPath{.parent = &path, .name = field}.to_string();
  return Status::invalid_argument(full + " is missing; it is required").at_field(full);
}

}  // namespace tamis::server
