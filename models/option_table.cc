#include "models/option_table.h"

#include <algorithm>
#include <charconv>

#include "common/nearest_name.h"

namespace tamis::models {
namespace {

template <typename Number>
bool parse(std::string_view text, Number* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

std::string expected(const ModelOption& option) {
  switch (option.type) {
    case OptionType::kInteger:
      return "an integer in " + number_text(option.minimum) + ".." + number_text(option.maximum);
    case OptionType::kNumber: return "a number in " + number_text(option.minimum) + ".." + number_text(option.maximum);
    case OptionType::kBoolean: return "true or false";
    case OptionType::kText: return "a text of at most " + number_text(option.maximum) + " bytes";
    case OptionType::kChoice: break;
  }
  std::string list = "one of";
  for (const std::string& name : option.choices) list += " " + name;
  return list;
}

bool accepts(const ModelOption& option, const std::string& text) {
  switch (option.type) {
    case OptionType::kInteger: {
      std::uint64_t value = 0;
      return parse(text, &value) && static_cast<double>(value) >= option.minimum &&
             static_cast<double>(value) <= option.maximum;
    }
    case OptionType::kNumber: {
      double value = 0;
      return parse(text, &value) && value >= option.minimum && value <= option.maximum;  // refuses NaN too
    }
    case OptionType::kBoolean: return text == "true" || text == "false";
    case OptionType::kText: return static_cast<double>(text.size()) <= option.maximum;
    case OptionType::kChoice: break;
  }
  return std::find(option.choices.begin(), option.choices.end(), text) != option.choices.end();
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string_view nearest = nearest_name(name, known);
  return nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace

std::string number_text(double value) {
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, end};
}

ModelOption integer_option(std::string name, double fallback, double minimum, double maximum, std::string description) {
  std::string written = std::to_string(static_cast<std::int64_t>(fallback));  // "400000", which 4e+05 would not be
  return {std::move(name), OptionType::kInteger, std::move(written), minimum, maximum, {}, std::move(description)};
}
ModelOption number_option(std::string name, double fallback, double minimum, double maximum, std::string description) {
  return {std::move(name), OptionType::kNumber, number_text(fallback), minimum, maximum, {}, std::move(description)};
}
ModelOption boolean_option(std::string name, bool fallback, std::string description) {
  return {std::move(name), OptionType::kBoolean, fallback ? "true" : "false", 0, 0, {}, std::move(description)};
}
ModelOption choice_option(std::string name, std::vector<std::string> choices, std::string description) {
  std::string fallback = choices.front();
  return {std::move(name), OptionType::kChoice, std::move(fallback), 0, 0, std::move(choices), std::move(description)};
}
ModelOption text_option(std::string name, std::string fallback, double maximum_bytes, std::string description) {
  return {std::move(name), OptionType::kText, std::move(fallback), 0, maximum_bytes, {}, std::move(description)};
}

Result<Settings> resolve_settings(const std::vector<ModelOption>& options, const Settings& settings) {
  for (const auto& [key, value] : settings) {
    const auto known = std::find_if(options.begin(), options.end(),
                                    [&key = key](const ModelOption& option) { return option.name == key; });
    if (known == options.end()) {
      std::vector<std::string_view> names;
      for (const ModelOption& option : options) names.push_back(option.name);
      std::string message = "unknown setting \"" + key + "\"";
      const std::string nearest = did_you_mean(key, names);
      if (!nearest.empty()) {
        message += nearest;
      } else if (names.empty()) {
        message += "; there are none";
      } else {
        message += "; expected one of ";
        for (std::size_t i = 0; i < names.size(); ++i) message += (i == 0 ? "" : ", ") + std::string(names[i]);
      }
      return Status::invalid_argument(std::move(message)).at_field(key);
    }
    if (!accepts(*known, value)) {
      return Status::invalid_argument(key + " is \"" + value + "\", expected " + expected(*known)).at_field(key);
    }
  }
  Settings resolved = settings;
  for (const ModelOption& option : options) resolved.emplace(option.name, option.default_value);
  return resolved;
}

double number_setting(const Settings& settings, std::string_view name) {
  double value = 0;
  const auto found = settings.find(name);
  if (found != settings.end()) parse(found->second, &value);
  return value;
}

std::uint64_t integer_setting(const Settings& settings, std::string_view name) {
  std::uint64_t value = 0;
  const auto found = settings.find(name);
  if (found != settings.end()) parse(found->second, &value);
  return value;
}

bool boolean_setting(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found != settings.end() && found->second == "true";
}

std::string_view choice_setting(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found != settings.end() ? std::string_view(found->second) : std::string_view();
}

}  // namespace tamis::models
