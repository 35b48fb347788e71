#include "engine/generations/manifest.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/checksum.h"
#include "engine/generations/generation_info_json.h"
#include "models/kinds/history_model_kinds.h"

namespace tamis::engine {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "tamis.generation";
constexpr const char* kManifestMembers[] = {"format",   "version",        "generation",   "users",  "items",
                                            "encoders", "history_models", "ials",         "ranker", "files",
                                            "checksum", "vocabularies",   "rating_scales"};

std::string to_hex(std::uint64_t value) {
  char digits[17];
  std::snprintf(digits, sizeof(digits), "%016llx", static_cast<unsigned long long>(value));
  return digits;
}

Result<std::uint64_t> parse_hex(const std::string& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 16 || error != std::errc() || end != text.data() + text.size())
    return Status::corruption("a checksum in the manifest is '" + text + "', expected 16 hexadecimal digits");
  return value;
}

// Over the members in the order of their names, without white space: what any JSON library can reproduce.
std::uint64_t own_checksum(json manifest) {
  manifest.erase("checksum");
  const std::string text = manifest.dump();
  return checksum64(text.data(), text.size());
}

json settings_to_json(const models::Settings& settings) {
  return std::map<std::string, std::string>(settings.begin(), settings.end());
}

json encoders_to_json(const Manifest& manifest) {
  json encoders = json::object();
  for (const auto& [name, encoder] : manifest.encoders)
    encoders[name] = {{"kind", encoder.kind},
                      {"dim", encoder.dim},
                      {"metric", metric_name(encoder.metric)},
                      {"settings", settings_to_json(encoder.settings)}};
  return encoders;
}

json history_models_to_json(const Manifest& manifest) {
  json models = json::object();
  for (const auto& [kind, model] : manifest.history_models)
    models[kind] = {{"settings", settings_to_json(model.settings)}};
  return models;
}

// An encoder's name becomes that of a file and of a space.
Status check_encoder(const std::string& name, const Manifest::Encoder& encoder) {
  static constexpr std::string_view kTaken[] = {"popular", "item_knn", "user_knn", "interactions", "dlrm", "ranker"};
  const bool is_plain = !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!is_plain || std::find(std::begin(kTaken), std::end(kTaken), name) != std::end(kTaken) ||
      models::find_history_model_kind(name) != nullptr)
    return Status::invalid_argument("an encoder is named '" + name.substr(0, 64) +
                                    "', expected 1 to 64 of a-z, 0-9, _ and -, and not popular, interactions or "
                                    "another model's name")
        .at_field("encoders");
  if (encoder.dim < 1 || encoder.dim > kMaxDim)
    return Status::invalid_argument("the encoder has dim " + std::to_string(encoder.dim) + ", expected 1 to " +
                                    std::to_string(kMaxDim))
        .at_field("encoders." + name + ".dim");
  if (encoder.metric == Metric::kL2)
    return Status::invalid_argument("the encoder has the metric l2, expected dot or cosine")
        .at_field("encoders." + name + ".metric");
  return Status::ok();
}

// Values may be written as numbers or booleans, too.
models::Settings parse_settings(const json& value) {
  models::Settings settings;
  for (const auto& [key, setting] : value.items())
    settings[key] = setting.is_string() ? setting.get<std::string>() : setting.dump();
  return settings;
}

Result<std::map<std::string, Manifest::Encoder>> parse_encoders(const json& value) {
  std::map<std::string, Manifest::Encoder> encoders;
  for (const auto& [name, entry] : value.items()) {
    Manifest::Encoder encoder;
    encoder.kind = entry.at("kind").get<std::string>();
    TAMIS_ASSIGN_OR_RETURN(encoder.dim, read_whole_number<std::uint32_t>(entry, "dim"));
    TAMIS_ASSIGN_OR_RETURN(encoder.metric, parse_metric(entry.at("metric").get<std::string>()));
    if (entry.contains("settings")) encoder.settings = parse_settings(entry["settings"]);
    TAMIS_RETURN_IF_ERROR(check_encoder(name, encoder));
    encoders[name] = std::move(encoder);
  }
  return encoders;
}

std::map<std::string, Manifest::HistoryModel> parse_history_models(const json& value) {
  std::map<std::string, Manifest::HistoryModel> models;
  for (const auto& [kind, entry] : value.items()) {
    models[kind] = {};
    if (entry.contains("settings")) models[kind].settings = parse_settings(entry["settings"]);
  }
  return models;
}

// An origin becomes part of a file's name.
Result<std::map<std::string, Manifest::Size>> parse_vocabularies(const json& value) {
  std::map<std::string, Manifest::Size> sizes;
  for (const auto& [origin, size] : value.items()) {
    const bool is_plain =
        !origin.empty() && origin.size() <= 64 && std::all_of(origin.begin(), origin.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    if (!is_plain)
      return Status::corruption("the manifest names a vocabulary '" + origin.substr(0, 64) +
                                "', expected 1 to 64 of a-z, 0-9, _ and -");
    TAMIS_ASSIGN_OR_RETURN(sizes[origin].users, read_whole_number<std::uint32_t>(size, "users"));
    TAMIS_ASSIGN_OR_RETURN(sizes[origin].items, read_whole_number<std::uint32_t>(size, "items"));
  }
  return sizes;
}

Result<RatingScales> parse_rating_scales(const json& value) {
  RatingScales scales;
  for (const auto& [type, entry] : value.items()) {
    const models::ValueScale scale{.mean = entry.at("mean").get<double>(),
                                   .deviation = entry.at("deviation").get<double>(),
                                   .low = entry.at("low").get<double>(),
                                   .high = entry.at("high").get<double>()};
    if (!std::isfinite(scale.mean) || !std::isfinite(scale.deviation) || !(scale.deviation > 0) ||
        !(scale.low <= scale.high))
      return Status::corruption("the manifest's scale of '" + type.substr(0, 64) +
                                "' is not one: expected finite numbers, low <= high and a deviation above 0");
    scales[type] = scale;
  }
  return scales;
}

// Version 1: the options of iALS, the one encoder that there was.
Result<Manifest::Encoder> parse_ials(const json& value) {
  Manifest::Encoder encoder;
  encoder.kind = "ials";
  TAMIS_ASSIGN_OR_RETURN(encoder.dim, read_whole_number<std::uint32_t>(value, "dim"));
  for (const char* name : {"unobserved_weight", "regularization", "regularization_exponent"})
    encoder.settings[name] = value.at(name).dump();
  return encoder;
}

// The lowest that has all members.
std::uint32_t version_of(const Manifest& manifest) {
  if (!manifest.rating_scales.empty()) return 4;
  return manifest.vocabularies.empty() ? 2 : 3;
}

}  // namespace

std::string manifest_to_json(const Manifest& manifest) {
  json files = json::object();
  for (const auto& [name, file] : manifest.files)
    files[name] = {{"bytes", file.bytes}, {"xxh3", to_hex(file.checksum)}};
  json value = {{"format", kFormat},
                {"version", version_of(manifest)},
                {"generation", generation_info_to_json(manifest.info)},
                {"users", manifest.users},
                {"items", manifest.items},
                {"files", files}};
  if (!manifest.encoders.empty()) value["encoders"] = encoders_to_json(manifest);
  for (const Manifest::Ranker& entry : manifest.ranker)
    value["ranker"].push_back({{"objective", entry.objective}, {"file", entry.file}});
  if (!manifest.history_models.empty()) value["history_models"] = history_models_to_json(manifest);
  for (const auto& [origin, size] : manifest.vocabularies)
    value["vocabularies"][origin] = {{"users", size.users}, {"items", size.items}};
  for (const auto& [type, scale] : manifest.rating_scales)
    value["rating_scales"][type] = {
        {"mean", scale.mean}, {"deviation", scale.deviation}, {"low", scale.low}, {"high", scale.high}};
  value["checksum"] = to_hex(own_checksum(value));
  return value.dump(2) + "\n";
}

Result<Manifest> parse_manifest(const std::string& text) {
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return Status::corruption("the manifest is not a JSON object");
  try {
    if (value.at("format").get<std::string>() != kFormat)
      return Status::corruption("the manifest's format is not " + std::string(kFormat));
    TAMIS_ASSIGN_OR_RETURN(const auto version, read_whole_number<std::uint32_t>(value, "version"));
    if (version > kManifestVersion)
      return Status::invalid_argument("the generation has format version " + std::to_string(version) +
                                      "; this build reads up to " + std::to_string(kManifestVersion));
    for (const auto& [name, member] : value.items())
      if (std::find(std::begin(kManifestMembers), std::end(kManifestMembers), name) == std::end(kManifestMembers))
        return Status::corruption("the manifest has an unknown member '" + name + "'");
    if (value.contains("checksum")) {
      TAMIS_ASSIGN_OR_RETURN(const std::uint64_t expected, parse_hex(value["checksum"].get<std::string>()));
      if (own_checksum(value) != expected) return Status::corruption("the manifest fails its checksum");
    }
    Manifest manifest;
    TAMIS_ASSIGN_OR_RETURN(manifest.info, parse_generation_info(value.at("generation")));
    TAMIS_ASSIGN_OR_RETURN(manifest.users, read_whole_number<std::uint32_t>(value, "users"));
    TAMIS_ASSIGN_OR_RETURN(manifest.items, read_whole_number<std::uint32_t>(value, "items"));
    if (value.contains("encoders")) {
      TAMIS_ASSIGN_OR_RETURN(manifest.encoders, parse_encoders(value["encoders"]));
    }
    if (value.contains("ranker"))
      for (const json& entry : value["ranker"])
        manifest.ranker.push_back({entry.at("objective").get<std::string>(), entry.at("file").get<std::string>()});
    if (value.contains("history_models")) manifest.history_models = parse_history_models(value["history_models"]);
    if (value.contains("vocabularies")) {
      TAMIS_ASSIGN_OR_RETURN(manifest.vocabularies, parse_vocabularies(value["vocabularies"]));
    }
    if (value.contains("rating_scales")) {
      TAMIS_ASSIGN_OR_RETURN(manifest.rating_scales, parse_rating_scales(value["rating_scales"]));
    }
    for (const auto& [member, origin] : manifest.info.inherited)
      if (member != kRanker && !manifest.vocabularies.contains(origin.generation))
        return Status::corruption("the manifest has no vocabulary of '" + origin.generation + "', which '" + member +
                                  "' is from");
    if (version == 1 && value.contains("ials")) {
      TAMIS_ASSIGN_OR_RETURN(manifest.encoders["ials"], parse_ials(value["ials"]));
      TAMIS_RETURN_IF_ERROR(check_encoder("ials", manifest.encoders["ials"]));
    }
    for (const auto& [name, file] : value.at("files").items()) {
      Manifest::File& known = manifest.files[name];
      TAMIS_ASSIGN_OR_RETURN(known.bytes, read_whole_number<std::uint64_t>(file, "bytes"));
      if (file.contains("sha256")) {
        known.sha256 = file["sha256"].get<std::string>();
      } else {
        TAMIS_ASSIGN_OR_RETURN(known.checksum, parse_hex(file.at("xxh3").get<std::string>()));
      }
    }
    return manifest;
  } catch (const json::exception& error) {
    return Status::corruption(std::string("the manifest is not as it should be: ") + error.what());
  }
}

}  // namespace tamis::engine
