// A generation's folder as a tar archive (POSIX ustar), made while it is sent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "common/status.h"

namespace tamis::client {

// Takes the next bytes; false ends the archive early without an error.
using ArchiveReceiver = std::function<Result<bool>(std::string_view bytes)>;

// What the archive of `dir` will hold, in bytes: its files, with their headers and padding. invalid_argument where the
// folder holds no manifest.json, something else than plain files, or a name of over 100 bytes; not_found, io_error.
Result<std::uint64_t> archive_bytes(const std::filesystem::path& dir);
// The archive, in pieces. Errors: those of archive_bytes(), a file that changes meanwhile, those of `receive`.
Status pack_directory(const std::filesystem::path& dir, const ArchiveReceiver& receive);

}  // namespace tamis::client
