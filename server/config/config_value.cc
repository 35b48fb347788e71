#include "server/config/config_value.h"

#include <toml++/toml.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "server/json/json_writer.h"

namespace tamis::server {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};
constexpr std::array<Unit, 5> kSizes = {{{"B", 1},
                                         {"KiB", 1024},
                                         {"MiB", 1024.0 * 1024},
                                         {"GiB", 1024.0 * 1024 * 1024},
                                         {"TiB", 1024.0 * 1024 * 1024 * 1024}}};
constexpr std::array<Unit, 5> kDurations = {{{"ms", 1}, {"s", 1e3}, {"m", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}}};

bool read_double(std::string_view text, double* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(*out);
}

// "1.5GiB" -> 1.5 * factor; false where the unit is unknown, or absent for anything but 0 and `plain_factor`'s own.
bool read_with_unit(std::string_view text, const std::array<Unit, 5>& units, bool allows_plain, double* out) {
  const std::size_t unit_at = text.find_first_not_of("0123456789.");
  double number = 0;
  if (!read_double(text.substr(0, unit_at), &number)) return false;
  if (unit_at == std::string_view::npos) {
    *out = number;
    return allows_plain || number == 0;
  }
  std::string_view unit = text.substr(unit_at);
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& candidate : units) {
    if (candidate.name != unit) continue;
    *out = number * candidate.factor;
    return true;
  }
  return false;
}

std::string show_with_unit(std::uint64_t value, const std::array<Unit, 5>& units) {
  if (value == 0) return "0";
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit) {
    const auto factor = static_cast<std::uint64_t>(unit->factor);
    if (value % factor == 0) return "\"" + std::to_string(value / factor) + std::string(unit->name) + "\"";
  }
  return std::to_string(value);
}

bool is_single(const ConfigValue& value) { return !value.is_list && value.elements.size() == 1; }

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// `["a", "b"]` in a flag or an environment variable.
Result<std::vector<std::string>> read_toml_list(std::string_view key, const ConfigValue& value, std::string_view text) {
  try {
    const toml::table parsed = toml::parse("list = " + std::string(text));
    std::vector<std::string> elements;
    for (const toml::node& element : *parsed["list"].as_array()) {
      const auto entry = element.value_exact<std::string>();
      if (!entry) return refuse_value(key, value, "a list of texts");
      elements.push_back(*entry);
    }
    return elements;
  } catch (const toml::parse_error&) {
    return refuse_value(key, value, "a list as a, b or [\"a\", \"b\"]");
  }
}

}  // namespace

Status refuse_value(std::string_view key, const ConfigValue& value, std::string_view expected) {
  std::string shown;
  if (is_single(value)) {
    shown = "\"" + value.elements.front().substr(0, 64) + "\"";
  } else {
    shown = "a list of " + std::to_string(value.elements.size());
  }
  return Status::invalid_argument(std::string(key) + " is " + shown + " (from " + value.source + "); expected " +
                                  std::string(expected))
      .at_field(std::string(key));
}

Result<std::string> as_text(std::string_view key, const ConfigValue& value) {
  if (!is_single(value)) return refuse_value(key, value, "one text");
  return value.elements.front();
}

Result<std::vector<std::string>> as_list(std::string_view key, const ConfigValue& value) {
  if (value.is_list) return value.elements;
  std::string_view rest =
      trimmed(value.elements.empty() ? std::string_view() : std::string_view(value.elements.front()));
  if (rest.starts_with('[')) return read_toml_list(key, value, rest);
  std::vector<std::string> elements;
  while (!rest.empty()) {
    const std::string_view element = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), element.size() + 1));
    if (const std::string_view bare = trimmed(element); !bare.empty()) elements.emplace_back(bare);
  }
  return elements;
}

Result<bool> as_bool(std::string_view key, const ConfigValue& value) {
  if (is_single(value)) {
    const std::string& text = value.elements.front();
    if (text == "true" || text == "1" || text == "yes") return true;
    if (text == "false" || text == "0" || text == "no") return false;
  }
  return refuse_value(key, value, "true or false");
}

Result<std::uint64_t> as_integer(std::string_view key, const ConfigValue& value, std::uint64_t low,
                                 std::uint64_t high) {
  std::uint64_t number = 0;
  if (is_single(value)) {
    const std::string& text = value.elements.front();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= low && number <= high) return number;
  }
  return refuse_value(key, value, "a whole number from " + std::to_string(low) + " to " + std::to_string(high));
}

Result<double> as_number(std::string_view key, const ConfigValue& value, double low, double high) {
  double number = 0;
  if (is_single(value) && read_double(value.elements.front(), &number) && number >= low && number <= high)
    return number;
  return refuse_value(key, value, "a number from " + show_number(low) + " to " + show_number(high));
}

Result<std::uint64_t> as_size(std::string_view key, const ConfigValue& value, std::uint64_t low) {
  double bytes = 0;
  if (is_single(value) && read_with_unit(value.elements.front(), kSizes, true, &bytes) &&
      bytes >= static_cast<double>(low) && bytes < 1e18)
    return static_cast<std::uint64_t>(bytes);
  return refuse_value(key, value, "a size of at least " + show_size(low) + ", such as 256MiB (B, KiB, MiB, GiB, TiB)");
}

Result<std::int64_t> as_duration_ms(std::string_view key, const ConfigValue& value, std::int64_t low_ms,
                                    std::int64_t high_ms) {
  double ms = 0;
  if (is_single(value) && read_with_unit(value.elements.front(), kDurations, false, &ms) &&
      ms >= static_cast<double>(low_ms) && ms <= static_cast<double>(high_ms))
    return static_cast<std::int64_t>(ms);
  return refuse_value(
      key, value,
      "a duration from " + show_duration(low_ms) + " to " + show_duration(high_ms) + ", such as 30s (ms, s, m, h, d)");
}

std::string show_size(std::uint64_t bytes) { return show_with_unit(bytes, kSizes); }
std::string show_duration(std::int64_t ms) { return show_with_unit(static_cast<std::uint64_t>(ms), kDurations); }

std::string show_number(double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  return {text.data(), end.ptr};
}

std::string show_text(std::string_view text) {
  std::string shown;
  JsonWriter(&shown).value(text);
  return shown;
}

std::string show_list(const std::vector<std::string>& elements) {
  std::string shown = "[";
  for (const std::string& element : elements) shown += (shown.size() > 1 ? ", " : "") + show_text(element);
  return shown + "]";
}

}  // namespace tamis::server
