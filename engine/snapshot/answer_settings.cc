#include "engine/snapshot/answer_settings.h"

#include <exception>
#include <nlohmann/json.hpp>

namespace tamis::engine {
namespace {

using nlohmann::json;

json schema_to_json(const FeatureSchema& schema) {
  json object = json::object();
  for (const auto& [name, kind] : schema) object[name] = std::string(feature_kind_name(kind));
  return object;
}

FeatureSchema schema_of(const json& object) {
  FeatureSchema schema;
  for (const auto& [name, kind] : object.items()) {
    const auto parsed = parse_feature_kind(kind.get<std::string>());
    if (parsed.is_ok()) schema[name] = *parsed;  // a kind of a newer build: it takes the kind of its values
  }
  return schema;
}

json settings_of(const DatabaseOptions& options) {
  return {{"recommend.trending_half_life_s", options.trending_half_life_s},
          {"recommend.latest_field", options.latest_field},
          {"recommend.max_history", options.max_history},
          {"interactions.weights", options.interaction_weights},
          {"interactions.create_unknown_ids", options.create_unknown_ids},
          {"items.features", schema_to_json(options.item_schema)},
          {"users.features", schema_to_json(options.user_schema)}};
}

}  // namespace

std::string answer_settings_to_json(const DatabaseOptions& options) { return settings_of(options).dump(); }

Status apply_answer_settings(const std::string& text, DatabaseOptions* options) {
  if (text.empty()) return Status::ok();
  try {  // nlohmann::json throws on a missing member or one of another type
    const json settings = json::parse(text);
    options->trending_half_life_s = settings.value("recommend.trending_half_life_s", options->trending_half_life_s);
    options->latest_field = settings.value("recommend.latest_field", options->latest_field);
    options->max_history = settings.value("recommend.max_history", options->max_history);
    options->interaction_weights = settings.value("interactions.weights", options->interaction_weights);
    options->create_unknown_ids = settings.value("interactions.create_unknown_ids", options->create_unknown_ids);
    if (settings.contains("items.features")) options->item_schema = schema_of(settings.at("items.features"));
    if (settings.contains("users.features")) options->user_schema = schema_of(settings.at("users.features"));
    return Status::ok();
  } catch (const std::exception& error) {
    return Status::corruption(std::string("the settings of the snapshot are malformed: ") + error.what());
  }
}

std::vector<std::string> differing_settings(const std::string& kept, const DatabaseOptions& options) {
  std::vector<std::string> lines;
  const json settings = json::parse(kept, nullptr, false);
  if (!settings.is_object()) return lines;
  const json given = settings_of(options);
  for (const auto& [name, value] : settings.items()) {
    if (!given.contains(name) || given.at(name) == value) continue;
    lines.push_back(name + " was " + value.dump() + " where the snapshot was taken and is " + given.at(name).dump() +
                    " here");
  }
  return lines;
}

}  // namespace tamis::engine
