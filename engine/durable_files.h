// Files that are wholly there or not at all.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::engine {

// Writes `bytes` to `path` by way of a temporary name, fsync and rename. io_error.
Status write_file_durably(const std::filesystem::path& path, std::string_view bytes);
// The whole file. not_found, io_error.
Result<std::string> read_whole_file(const std::filesystem::path& path);
// fsync of the directory itself: makes renames in it durable.
Status sync_directory(const std::filesystem::path& dir);

}  // namespace tamis::engine
