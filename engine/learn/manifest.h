// Manifest: manifest.json of a generation. A value type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "common/status.h"
#include "engine/requests.h"
#include "models/ials.h"

namespace tamis::engine {

inline constexpr std::uint32_t kManifestVersion = 1;
inline constexpr const char* kManifestName = "manifest.json";

struct Manifest {
  struct File {
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;  // XXH3, 64 bits
  };
  GenerationInfo info;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  std::optional<models::IalsOptions> ials;  // what fold-in needs: dim and the weights
  std::map<std::string, File> files;        // by name in the directory
};

// JSON with a checksum of itself, so that a damaged manifest is told from a true one.
std::string manifest_to_json(const Manifest& manifest);
// corruption (not such JSON, a member missing, unknown or of the wrong type, the checksum), invalid_argument (a newer
// version). A manifest made elsewhere may leave its own checksum out.
Result<Manifest> parse_manifest(const std::string& text);

}  // namespace tamis::engine
