// Checksums for files of our own (RocksDB keeps its own).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

#include "common/status.h"

namespace tamis {

// XXH3, 64 bits (https://xxhash.com), of a byte range.
std::uint64_t checksum64(const void* bytes, std::size_t size);

// The same over a stream. Externally synchronised.
class Checksum64 {
 public:
  Checksum64();
  ~Checksum64();
  void update(const void* bytes, std::size_t size);
  std::uint64_t digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Of a whole file's bytes.
Result<std::uint64_t> checksum_file(const std::filesystem::path& path);

}  // namespace tamis
