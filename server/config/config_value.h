// The values of configuration: text from a flag or the environment, or a TOML value, and what they are read as.
// Functions are thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::server {

struct ConfigValue {
  std::vector<std::string> elements;  // one for a scalar
  bool is_list = false;               // a TOML list; text may become a list where one is wanted
  std::string source;                 // "tamis.toml", "TAMIS_SERVER_PORT", "--set"

  static ConfigValue of_text(std::string text, std::string source) {
    return {{std::move(text)}, false, std::move(source)};
  }
};

// invalid_argument "<key> is <value> (from <source>); expected <expected>", blamed on the key.
Status refuse_value(std::string_view key, const ConfigValue& value, std::string_view expected);

Result<std::string> as_text(std::string_view key, const ConfigValue& value);
// Of text "a, b" or `["a", "b"]`.
Result<std::vector<std::string>> as_list(std::string_view key, const ConfigValue& value);
Result<bool> as_bool(std::string_view key, const ConfigValue& value);
Result<std::uint64_t> as_integer(std::string_view key, const ConfigValue& value, std::uint64_t low, std::uint64_t high);
Result<double> as_number(std::string_view key, const ConfigValue& value, double low, double high);
// "256MiB", "1.5GiB", "4096": bytes; units B, KiB, MiB, GiB, TiB.
Result<std::uint64_t> as_size(std::string_view key, const ConfigValue& value, std::uint64_t low);
// "50ms", "30s", "5m", "12h", "7d", "0": milliseconds.
Result<std::int64_t> as_duration_ms(std::string_view key, const ConfigValue& value, std::int64_t low_ms,
                                    std::int64_t high_ms);

// The shortest text that reads back as the same: "256MiB", "7d", 0.98, "text", ["a", "b"]; TOML, quotes included.
std::string show_size(std::uint64_t bytes);
std::string show_duration(std::int64_t ms);
std::string show_number(double number);
std::string show_text(std::string_view text);
std::string show_list(const std::vector<std::string>& elements);

}  // namespace tamis::server
