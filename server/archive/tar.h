// Tar archives of plain files (POSIX.1-1988 ustar), the container of a generation over HTTP: what `tar -cf` and
// Python's tarfile write is read, and what is written they read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::server {

// Unpacks an archive as its bytes arrive. Only plain files directly in the archive are taken ("manifest.json" or
// "./manifest.json"); directories and extended headers are passed over; anything else, a path among them, is refused,
// so that nothing is ever written outside of `dir`. Externally synchronised.
class TarReader {
 public:
  explicit TarReader(std::filesystem::path dir) : dir_(std::move(dir)) {}

  // invalid_argument (not such an archive), io_error, resource_exhausted (disk full).
  Status add(std::string_view bytes);
  // invalid_argument where the archive is cut off.
  Status finish();

 private:
  static constexpr std::size_t kBlockBytes = 512;

  Status begin_entry();
  Status take(std::string_view bytes);
  Status end_entry();

  std::filesystem::path dir_;
  std::string header_;           // of the next entry, as far as it has arrived
  std::uint64_t remaining_ = 0;  // bytes of the entry's data to come
  std::uint64_t padding_ = 0;    // bytes after it to come
  std::ofstream file_;           // open where the entry is a file
  std::string name_;
  std::size_t files_ = 0;
  bool has_ended_ = false;  // the archive's end was seen; what follows is padding
};

// The header of a file. REQUIRES: a name of 1 to 100 bytes.
std::string tar_header(std::string_view name, std::uint64_t size_bytes);
// What follows the file's bytes.
std::string tar_padding(std::uint64_t size_bytes);
std::string tar_end();

}  // namespace tamis::server
