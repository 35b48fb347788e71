// SHA-256 (FIPS 180-4) of files, for checksums that come from elsewhere: every language has it. Tamis's own files use
// XXH3 (checksum.h), which is faster.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis {

// Externally synchronised.
class Sha256 {
 public:
  void add(std::string_view bytes);
  std::string hex();  // 64 lower-case digits; nothing may be added after it

 private:
  void add_block(const unsigned char* block);

  std::array<std::uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending_{};
  std::size_t pending_bytes_ = 0;
  std::uint64_t total_bytes_ = 0;
};

Result<std::string> sha256_of_file(const std::filesystem::path& path);  // not_found, io_error

}  // namespace tamis
