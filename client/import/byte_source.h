// ByteSource: a stream of bytes to import from: a file, standard input, plain or compressed.
//
// Externally synchronised. Errors: io_error of the system, corruption of a compressed stream that is damaged or cut
// short.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "common/status.h"

namespace tamis::client {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `capacity` bytes into `buffer`; 0 at the end.
  virtual Result<std::size_t> read(char* buffer, std::size_t capacity) = 0;
  // Of the file as it lies on disk, for progress; the total is 0 where nobody knows it.
  virtual std::uint64_t consumed_bytes() const = 0;
  virtual std::uint64_t total_bytes() const = 0;
};

// "-" is standard input. gzip, xz and zstd are detected from their first bytes, not the name.
Result<std::unique_ptr<ByteSource>> open_source(const std::string& path);

// What `raw` holds, decompressed where it begins as gzip, xz or zstd do; several concatenated streams are one.
Result<std::unique_ptr<ByteSource>> decompress(std::unique_ptr<ByteSource> raw);

}  // namespace tamis::client
