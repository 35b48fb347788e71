#include "ranker/rules/group_keys.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace tamis::ranker {
namespace {

std::string shortest(double number) {
  if (number == 0) return "0";  // of either sign
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  return {digits.data(), end};
}

}  // namespace

std::vector<std::string_view> GroupKeys::of(const Features& features) {
  const auto found = features.find(field_);
  if (found == features.end()) return {};
  const FeatureValue& value = found->second;
  if (const auto* word = std::get_if<std::string>(&value)) return {*word};
  if (const auto* text = std::get_if<Text>(&value)) return {text->text};
  if (const auto* flag = std::get_if<bool>(&value)) return {*flag ? "true" : "false"};
  if (const auto* number = std::get_if<double>(&value)) return {keep(shortest(*number))};
  if (const auto* time = std::get_if<Timestamp>(&value)) return {keep(format_rfc3339(time->ms))};
  std::vector<std::string_view> keys;
  for (const std::string& element : std::get<std::vector<std::string>>(value)) {
    if (std::find(keys.begin(), keys.end(), element) == keys.end()) keys.emplace_back(element);
  }
  return keys;
}

}  // namespace tamis::ranker
