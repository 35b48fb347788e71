#include "client/command_line/item_name.h"

#include <CLI/CLI.hpp>
#include <array>
#include <nlohmann/json.hpp>

#include "client/wire.h"

namespace tamis::client {
namespace {

// As in the console (console/src/data/format.ts).
constexpr std::array<const char*, 5> kNameFeatures = {"name", "title", "label", "product_name", "headline"};

// `text_of` gives a feature as text, empty where there is none.
template <typename TextOf>
std::string first_name(const std::string& feature, const TextOf& text_of) {
  if (!feature.empty()) return text_of(feature);
  for (const char* name : kNameFeatures)
    if (std::string text = text_of(name); !text.empty()) return text;
  return "";
}

}  // namespace

std::string item_name(const Features& features, const std::string& feature) {
  return first_name(feature, [&](const std::string& name) {
    const auto found = features.find(name);
    return found == features.end() ? std::string() : feature_to_text(found->second);
  });
}

std::string item_name(const nlohmann::json& item, const std::string& feature) {
  const auto features = item.find("features");
  if (features == item.end() || !features->is_object()) return "";
  return first_name(feature, [&](const std::string& name) {
    const auto found = features->find(name);
    if (found == features->end() || found->is_null()) return std::string();
    return found->is_string() ? found->get<std::string>() : found->dump();
  });
}

void add_name_option(CLI::App* command, std::string* feature) {
  command->add_option(
      "--name", *feature,
      "The feature that an item is called by (default: name, else title, label, product_name, headline)");
}

}  // namespace tamis::client
