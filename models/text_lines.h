// Lines of a text file, decompressed on the way where its name ends in ".xz".
#pragma once

#include <filesystem>
#include <functional>
#include <string_view>

#include "common/status.h"

namespace tamis::models {

// Calls `line(text, number)` for each line (from 1; without its "\n" or "\r\n") until one fails; that status comes back
// with "file:number: " before its message. Memory: a buffer and the longest line, of at most 1 GiB. Errors: not_found,
// io_error, corruption (damaged .xz).
Status for_each_line(const std::filesystem::path& path,
                     const std::function<Status(std::string_view text, std::size_t number)>& line);

}  // namespace tamis::models
