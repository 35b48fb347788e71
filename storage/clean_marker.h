// The clean-shutdown marker: a small file that names the last sequence of a store that was closed in good order.
//
// After a crash a log that ends early is a torn tail; after a clean shutdown it is damage. The marker tells the two
// apart: a store that opens with fewer records than its marker names is corrupt. It is removed before the first write.
#pragma once

#include <rocksdb/file_system.h>

#include <optional>
#include <string>

#include "common/ids.h"
#include "common/status.h"

namespace tamis::storage {

// Synced under a temporary name, renamed, directory synced.
Status write_clean_marker(rocksdb::FileSystem* file_system, const std::string& dir, Sequence last_sequence);
// nullopt where there is none, or none that its checksum vouches for (then the data themselves are not in doubt).
std::optional<Sequence> read_clean_marker(rocksdb::FileSystem* file_system, const std::string& dir);
Status remove_clean_marker(rocksdb::FileSystem* file_system, const std::string& dir);

}  // namespace tamis::storage
