// Markers: small checksummed files beside RocksDB's, each of which holds one number. They notice what RocksDB cannot.
//
// After a crash a log that ends early is a torn tail; after a clean shutdown it is damage. kCleanShutdown tells the two
// apart: it names the last sequence of a store that was closed in good order. A store that opens with fewer records is
// corrupt. It is removed before the first write.
//
// RocksDB lists closed logs in its manifest, but not the newest one, which holds what was written last. kNewestLog
// names its number. A store that was not closed in good order and lacks that log is corrupt.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <optional>
#include <string>

namespace tamis::storage {

struct Marker {
  std::string_view file;
  std::string_view magic;  // the file's first bytes
};
inline constexpr Marker kCleanShutdown{"CLEAN_SHUTDOWN", "TAMISCLN"};
inline constexpr Marker kNewestLog{"NEWEST_LOG", "TAMISLOG"};

// Synced under a temporary name, renamed, directory synced.
rocksdb::IOStatus write_marker(rocksdb::FileSystem* file_system, const std::string& dir, const Marker& marker,
                               std::uint64_t number);
// nullopt where there is none, or none that its checksum vouches for (then the data themselves are not in doubt).
std::optional<std::uint64_t> read_marker(rocksdb::FileSystem* file_system, const std::string& dir,
                                         const Marker& marker);
rocksdb::IOStatus remove_marker(rocksdb::FileSystem* file_system, const std::string& dir, const Marker& marker);
rocksdb::IOStatus sync_directory(rocksdb::FileSystem* file_system, const std::string& dir);

}  // namespace tamis::storage
