// Files that are whole or not there: written, synced, and only then given their name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::engine {

// Writes and syncs a file. io_error, resource_exhausted (disk full).
Status write_file_synced(const std::filesystem::path& path, std::string_view bytes);
// Makes the entries of a directory durable.
Status sync_directory(const std::filesystem::path& dir);
// Renames a synced directory to a name beside it and makes the name durable.
Status rename_directory_synced(const std::filesystem::path& from, const std::filesystem::path& to);
// not_found, io_error; resource_exhausted above `max_bytes`.
Result<std::string> read_whole_file(const std::filesystem::path& path, std::uint64_t max_bytes);

}  // namespace tamis::engine
