#include "engine/snapshot/snapshot_manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "common/checksum.h"
#include "common/durable_files.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormat = 1;

std::string hex(std::uint64_t value) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (int digit = 0; digit < 16; ++digit) text[digit] = kDigits[(value >> (60 - 4 * digit)) & 0xF];
  return text;
}

json body_of(const SnapshotManifest& manifest) {
  json files = json::array();
  for (const SnapshotFile& file : manifest.files) {
    files.push_back({{"path", file.path}, {"size_bytes", file.size_bytes}, {"checksum", hex(file.checksum)}});
  }
  json queries = json::array();
  for (const RecordedQuery& query : manifest.queries) {
    queries.push_back({{"space", query.space}, {"id", query.id}, {"k", query.k}, {"answer", query.answer}});
  }
  json body = {{"format", kFormat},
               {"sequence", manifest.sequence},
               {"created_ms", manifest.created_ms},
               {"files", std::move(files)},
               {"queries", std::move(queries)}};
  if (!manifest.settings.empty()) body["settings"] = json::parse(manifest.settings);
  return body;
}

// Relative, without "." and "..": stays inside.
bool is_inside(const std::string& path) {
  const fs::path relative(path);
  if (path.empty() || relative.is_absolute()) return false;
  return std::none_of(relative.begin(), relative.end(),
                      [](const fs::path& part) { return part == ".." || part == "."; });
}

SnapshotManifest read_body(const json& body) {
  SnapshotManifest manifest;
  manifest.sequence = body.at("sequence").get<Sequence>();
  manifest.created_ms = body.at("created_ms").get<TimestampMs>();
  if (body.contains("settings")) manifest.settings = body.at("settings").dump();
  for (const json& file : body.at("files")) {
    manifest.files.push_back({file.at("path").get<std::string>(), file.at("size_bytes").get<std::uint64_t>(),
                              std::stoull(file.at("checksum").get<std::string>(), nullptr, 16)});
  }
  for (const json& query : body.at("queries")) {
    manifest.queries.push_back({query.at("space").get<std::string>(), query.at("id").get<std::string>(),
                                query.at("k").get<std::uint32_t>(),
                                query.at("answer").get<std::vector<std::string>>()});
  }
  return manifest;
}

}  // namespace

std::string snapshot_manifest_to_json(const SnapshotManifest& manifest) {
  const json body = body_of(manifest);
  const std::string text = body.dump();
  return json{{"manifest", body}, {"checksum", hex(checksum64(text.data(), text.size()))}}.dump(1);
}

Result<SnapshotManifest> parse_snapshot_manifest(const std::string& text) {
  try {  // nlohmann::json throws on a missing member or one of another type
    const json document = json::parse(text);
    const json& body = document.at("manifest");
    if (body.at("format").get<int>() > kFormat) {
      return Status::failed_precondition("the snapshot is of format " + body.at("format").dump() +
                                         "; this build reads up to " + std::to_string(kFormat));
    }
    const std::string dumped = body.dump();
    if (document.at("checksum").get<std::string>() != hex(checksum64(dumped.data(), dumped.size()))) {
      return Status::corruption("the snapshot's manifest fails its checksum");
    }
    SnapshotManifest manifest = read_body(body);
    for (const SnapshotFile& file : manifest.files) {
      if (!is_inside(file.path)) return Status::corruption("the snapshot's manifest names a path outside of it");
    }
    return manifest;
  } catch (const std::exception& error) {
    return Status::corruption(std::string("the snapshot's manifest is malformed: ") + error.what());
  }
}

Result<std::vector<SnapshotFile>> list_snapshot_files(const fs::path& dir) {
  std::vector<SnapshotFile> files;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    if (!entry->is_regular_file(error) || error) continue;
    SnapshotFile file;
    file.path = fs::relative(entry->path(), dir, error).generic_string();
    if (file.path == kManifestName) continue;
    file.size_bytes = entry->file_size(error);
    TAMIS_ASSIGN_OR_RETURN(file.checksum, checksum_file(entry->path()));
    TAMIS_RETURN_IF_ERROR(sync_file(entry->path()));
    files.push_back(std::move(file));
  }
  if (error) return Status::io_error("cannot list " + dir.string() + ": " + error.message());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return files;
}

Status verify_snapshot_files(const fs::path& dir, const std::vector<SnapshotFile>& files) {
  for (const SnapshotFile& file : files) {
    std::error_code error;
    const std::uint64_t size = fs::file_size(dir / file.path, error);
    if (error) return Status::corruption("snapshot file " + file.path + " is missing");
    if (size != file.size_bytes) {
      return Status::corruption("snapshot file " + file.path + " has " + std::to_string(size) + " bytes; expected " +
                                std::to_string(file.size_bytes));
    }
    TAMIS_ASSIGN_OR_RETURN(const std::uint64_t checksum, checksum_file(dir / file.path));
    if (checksum != file.checksum) return Status::corruption("snapshot file " + file.path + " fails its checksum");
  }
  return Status::ok();
}

}  // namespace tamis::engine
