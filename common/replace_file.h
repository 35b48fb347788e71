// Replacing a file as a whole.
#pragma once

#include <filesystem>
#include <string_view>

#include "common/status.h"

namespace tamis::engine {

// Writes `bytes` to `path` by way of a temporary name, fsync and rename: whatever happens, the file is the one before
// or the new one. io_error, resource_exhausted.
Status replace_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace tamis::engine
