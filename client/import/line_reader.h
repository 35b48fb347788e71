// LineReader: the lines of a ByteSource, numbered from 1.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/byte_source.h"

namespace tamis::client {

// Externally synchronised. Ends lines at LF or CR LF, drops a byte order mark at the start.
class LineReader {
 public:
  // `source` outlives the reader. Lines longer than `max_line_bytes` are skipped as invalid_argument.
  explicit LineReader(ByteSource* source, std::size_t max_line_bytes = 16 << 20)
      : source_(source), max_line_bytes_(max_line_bytes), buffer_(64 << 10) {}

  // False at the end. `*line` lives until the next call.
  Result<bool> next(std::string_view* line);
  std::uint64_t line_number() const { return line_number_; }

 private:
  ByteSource* const source_;
  const std::size_t max_line_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string line_;
  std::uint64_t line_number_ = 0;
};

}  // namespace tamis::client
