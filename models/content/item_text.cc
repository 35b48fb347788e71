#include "models/content/item_text.h"

#include <array>
#include <string_view>

#include "common/feature_reading.h"

namespace tamis::models {
namespace {

constexpr std::array<std::string_view, 2> kNames = {"name", "title"};

void append(std::string_view words, std::string& text) {
  if (words.empty()) return;
  if (!text.empty()) text += '\n';
  text += words;
}

void append_value(const FeatureValue& value, std::string& text) {
  std::string joined;
  visit_texts(value, [&](std::string_view part) { joined.append(joined.empty() ? "" : " ").append(part); });
  append(joined, text);
}

}  // namespace

std::string item_text(const Features& features, std::span<const std::string> fields) {
  std::string text;
  const auto add = [&](std::string_view field) {
    const auto found = features.find(field);
    if (found != features.end()) append_value(found->second, text);
  };
  if (!fields.empty()) {
    for (const std::string& field : fields) add(field);
    return text;
  }
  for (const std::string_view name : kNames) add(name);
  for (const auto& [name, value] : features) {
    if (name == kNames[0] || name == kNames[1]) continue;
    if (const auto* prose = std::get_if<Text>(&value)) append(prose->text, text);
  }
  return text;
}

}  // namespace tamis::models
