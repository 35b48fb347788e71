// The manifest of a snapshot: manifest.json, which names every other file with its size and checksum, and holds a few
// queries with their answers. docs/architecture.md says how it is made and used.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/status.h"

namespace tamis::engine {

// One query and the ids that answered it, in order.
struct RecordedQuery {
  std::string space;  // empty: a recommendation for `id`; else a search in this space near item `id`
  std::string id;     // a user ("": a stranger) or an item
  std::uint32_t k = 10;
  std::vector<std::string> answer;
  bool operator==(const RecordedQuery&) const = default;
};

struct SnapshotFile {
  std::string path;  // relative to the snapshot, with '/'
  std::uint64_t size_bytes = 0;
  std::uint64_t checksum = 0;  // XXH3, 64 bits
  bool operator==(const SnapshotFile&) const = default;
};

struct SnapshotManifest {
  Sequence sequence = 0;
  TimestampMs created_ms = 0;  // the clock of the recorded queries
  std::string settings;        // JSON of answer_settings.h; empty in snapshots made before it was kept
  std::vector<SnapshotFile> files;
  std::vector<RecordedQuery> queries;
  bool operator==(const SnapshotManifest&) const = default;
};

inline constexpr const char* kManifestName = "manifest.json";

std::string snapshot_manifest_to_json(const SnapshotManifest& manifest);
// corruption where it is malformed, names a path outside of the snapshot, or fails its own checksum;
// failed_precondition for a newer format.
Result<SnapshotManifest> parse_snapshot_manifest(const std::string& json);

// Every file under `dir` but the manifest, synced to disk, with size and checksum.
Result<std::vector<SnapshotFile>> list_snapshot_files(const std::filesystem::path& dir);
// corruption naming the first file that is missing, of another size or of another checksum.
Status verify_snapshot_files(const std::filesystem::path& dir, const std::vector<SnapshotFile>& files);

}  // namespace tamis::engine
