// ModelOption: an option of a model as data, so that the command line, the configuration and the documents take its
// name, type, default, range and meaning from one place.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "models/settings.h"

namespace tamis::models {

enum class OptionType { kInteger, kNumber, kBoolean, kChoice, kText };

struct ModelOption {
  std::string name;
  OptionType type = OptionType::kNumber;
  std::string default_value;
  double minimum = 0;  // of numbers and integers; at or above
  double maximum = 0;  // at or below; of a text, its bytes
  std::vector<std::string> choices;
  std::string description;
};

constexpr double kLargestInteger = 9007199254740992;  // 2^53: exact in a double

ModelOption integer_option(std::string name, double fallback, double minimum, double maximum, std::string description);
ModelOption number_option(std::string name, double fallback, double minimum, double maximum, std::string description);
ModelOption boolean_option(std::string name, bool fallback, std::string description);
// The first choice is the default.
ModelOption choice_option(std::string name, std::vector<std::string> choices, std::string description);
// Any text of at most `maximum_bytes`.
ModelOption text_option(std::string name, std::string fallback, double maximum_bytes, std::string description);

// The shortest text that reads back as the same number: how a setting is written.
std::string number_text(double value);

// The settings in force: `settings` checked against `options`, defaults filled in. Errors: invalid_argument that names
// an unknown key's nearest known one, or a value and the range or type expected; field is the key.
Result<Settings> resolve_settings(const std::vector<ModelOption>& options, const Settings& settings);

// Single values. REQUIRES: resolve_settings gave the settings, for options with one of that name and type.
double number_setting(const Settings& settings, std::string_view name);
std::uint64_t integer_setting(const Settings& settings, std::string_view name);
bool boolean_setting(const Settings& settings, std::string_view name);
std::string_view choice_setting(const Settings& settings, std::string_view name);  // texts likewise

}  // namespace tamis::models
