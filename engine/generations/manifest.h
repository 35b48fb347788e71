// Manifest: manifest.json of a generation. A value type.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/interactions/rating_scales.h"
#include "engine/requests.h"
#include "models/settings.h"

namespace tamis::engine {

// 1 had "ials" in the place of "encoders"; 3 has "vocabularies", and is written only where a member is inherited; 4 has
// "rating_scales", and is written only where ratings were learned from. All four are read.
inline constexpr std::uint32_t kManifestVersion = 4;
inline constexpr const char* kGenerationManifestName = "manifest.json";
inline constexpr std::uint64_t kMaxGenerationManifestBytes = 16ull << 20;
inline constexpr const char* kRanker = "dlrm";  // the member that ranks; it has no rows

struct Manifest {
  struct File {
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;  // XXH3, 64 bits
    std::string sha256 = {};     // given in its place by what was made elsewhere; else empty
  };
  struct Encoder {
    std::string kind;       // of models/kinds/encoder_kinds.h
    std::uint32_t dim = 0;  // 1..kMaxDim
    Metric metric = Metric::kDot;
    models::Settings settings = {};  // what the kind needs beside its tensors
  };
  GenerationInfo info;
  std::uint32_t users = 0;
  std::uint32_t items = 0;
  RatingScales rating_scales;
  struct HistoryModel {
    models::Settings settings = {};  // what the kind needs beside its tensors
  };
  std::map<std::string, Encoder> encoders;             // by name, which is that of its space and of its file
  std::map<std::string, HistoryModel> history_models;  // by kind, of models/kinds/history_model_kinds.h
  struct Ranker {
    std::string objective;  // as formulas call it
    std::string file;
  };
  std::vector<Ranker> ranker;  // the first leads; empty: none
  struct Size {
    std::uint32_t users = 0;
    std::uint32_t items = 0;
  };
  // Of inherited members, by the generation that learned them (info.inherited): users.<generation>.txt, items likewise.
  std::map<std::string, Size> vocabularies;
  std::map<std::string, File> files;  // by name in the directory

  // How many rows the tables of that member have.
  Size size_of(const std::string& member) const {
    const auto origin = info.inherited.find(member);
    if (origin == info.inherited.end()) return {users, items};
    const auto found = vocabularies.find(origin->second.generation);
    return found == vocabularies.end() ? Size{} : found->second;
  }
};

// JSON with a checksum of itself, so that a damaged manifest is told from a true one.
std::string manifest_to_json(const Manifest& manifest);
// corruption (not such JSON, a member missing, unknown or of the wrong type, the checksum), invalid_argument (a newer
// version; an encoder whose name, dim or metric is out of range). A manifest made elsewhere may leave its own checksum
// out.
Result<Manifest> parse_manifest(const std::string& text);

}  // namespace tamis::engine
