#include "engine/learn/manifest.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "common/checksum.h"
#include "engine/learn/generation_info_json.h"

namespace tamis::engine {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "tamis.generation";
constexpr const char* kMembers[] = {"format", "version", "generation", "users", "items", "ials", "files", "checksum"};

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

// Only what serving needs: how the run was seeded and solved is history.
json ials_to_json(const models::IalsOptions& options) {
  return {{"dim", options.dim},
          {"iterations", options.iterations},
          {"unobserved_weight", options.unobserved_weight},
          {"regularization", options.regularization},
          {"regularization_exponent", options.regularization_exponent},
          {"init_stddev", options.init_stddev},
          {"seed", options.seed}};
}

models::IalsOptions parse_ials(const json& value) {
  models::IalsOptions options;
  options.dim = value.at("dim").get<std::uint32_t>();
  options.unobserved_weight = value.at("unobserved_weight").get<double>();
  options.regularization = value.at("regularization").get<double>();
  options.regularization_exponent = value.at("regularization_exponent").get<double>();
  options.iterations = value.value("iterations", options.iterations);
  options.init_stddev = value.value("init_stddev", options.init_stddev);
  options.seed = value.value("seed", options.seed);
  return options;
}

}  // namespace

std::string manifest_to_json(const Manifest& manifest) {
  json files = json::object();
  for (const auto& [name, file] : manifest.files)
    files[name] = {{"bytes", file.bytes}, {"xxh3", to_hex(file.checksum)}};
  json value = {
      {"format", kFormat},       {"version", kManifestVersion}, {"generation", generation_info_to_json(manifest.info)},
      {"users", manifest.users}, {"items", manifest.items},     {"files", files}};
  if (manifest.ials) value["ials"] = ials_to_json(*manifest.ials);
  value["checksum"] = to_hex(own_checksum(value));
  return value.dump(2) + "\n";
}

Result<Manifest> parse_manifest(const std::string& text) {
  const json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return Status::corruption("the manifest is not a JSON object");
  try {
    if (value.at("format").get<std::string>() != kFormat)
      return Status::corruption("the manifest's format is not " + std::string(kFormat));
    const auto version = value.at("version").get<std::uint32_t>();
    if (version > kManifestVersion)
      return Status::invalid_argument("the generation has format version " + std::to_string(version) +
                                      "; this build reads up to " + std::to_string(kManifestVersion));
    for (const auto& [name, member] : value.items())
      if (std::find(std::begin(kMembers), std::end(kMembers), name) == std::end(kMembers))
        return Status::corruption("the manifest has an unknown member '" + name + "'");
    if (value.contains("checksum")) {
      TAMIS_ASSIGN_OR_RETURN(const std::uint64_t expected, parse_hex(value["checksum"].get<std::string>()));
      if (own_checksum(value) != expected) return Status::corruption("the manifest fails its checksum");
    }
    Manifest manifest;
    TAMIS_ASSIGN_OR_RETURN(manifest.info, parse_generation_info(value.at("generation")));
    manifest.users = value.at("users").get<std::uint32_t>();
    manifest.items = value.at("items").get<std::uint32_t>();
    if (value.contains("ials")) {
      manifest.ials = parse_ials(value["ials"]);
      if (Status valid = validate(*manifest.ials); !valid.is_ok())
        return Status::corruption("the manifest's ials options: " + valid.message());
    }
    for (const auto& [name, file] : value.at("files").items()) {
      TAMIS_ASSIGN_OR_RETURN(const std::uint64_t checksum, parse_hex(file.at("xxh3").get<std::string>()));
      manifest.files[name] = {.bytes = file.at("bytes").get<std::uint64_t>(), .checksum = checksum};
    }
    return manifest;
  } catch (const json::exception& error) {
    return Status::corruption(std::string("the manifest is not as it should be: ") + error.what());
  }
}

}  // namespace tamis::engine
