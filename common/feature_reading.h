// What the value of a feature says, whatever its kind: its number, its text, its categories. Who reads features for
// what they mean asks here; only what writes values down, or treats a kind in its own way, looks at the kinds.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/feature.h"

namespace tamis {

// Numbers as they are, timestamps as Unix milliseconds; nothing of other kinds.
inline std::optional<double> number_of(const FeatureValue& value) {
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* time = std::get_if<Timestamp>(&value)) return static_cast<double>(time->ms);
  return std::nullopt;
}

// The one text of a category or of prose.
inline std::optional<std::string_view> text_of(const FeatureValue& value) {
  if (const auto* category = std::get_if<std::string>(&value)) return *category;
  if (const auto* prose = std::get_if<Text>(&value)) return prose->text;
  return std::nullopt;
}

// The one category of a value: a category itself, "true" or "false" of a boolean.
inline std::optional<std::string_view> category_of(const FeatureValue& value) {
  if (const auto* category = std::get_if<std::string>(&value)) return *category;
  if (const auto* flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  return std::nullopt;
}

// Calls visit(std::string_view) for the one category of a value, or for each element of a set.
template <typename Visit>
void visit_categories(const FeatureValue& value, const Visit& visit) {
  if (const auto category = category_of(value)) return visit(*category);
  if (const auto* set = std::get_if<std::vector<std::string>>(&value))
    for (const std::string& element : *set) visit(std::string_view(element));
}

// Calls visit(std::string_view) for the one text of a value, or for each element of a set.
template <typename Visit>
void visit_texts(const FeatureValue& value, const Visit& visit) {
  if (const auto text = text_of(value)) return visit(*text);
  if (const auto* set = std::get_if<std::vector<std::string>>(&value))
    for (const std::string& element : *set) visit(std::string_view(element));
}

}  // namespace tamis
