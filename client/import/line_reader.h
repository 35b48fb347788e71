// The records of a text: its lines (LineReader), or the elements of a JSON array (JsonArrayReader).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/byte_source.h"

namespace tamis::client {

// Externally synchronised.
class RecordReader {
 public:
  virtual ~RecordReader() = default;
  // False at the end. `*record` lives until the next call. invalid_argument for a bad record, after which reading may
  // go on; other codes are final.
  virtual Result<bool> next(std::string_view* record) = 0;
  virtual std::uint64_t line_number() const = 0;  // on which the record begins, from 1
};

// Ends lines at LF or CR LF, drops a byte order mark at the start.
class LineReader final : public RecordReader {
 public:
  // `source` outlives the reader. Lines longer than `max_line_bytes` are skipped as invalid_argument.
  explicit LineReader(ByteSource* source, std::size_t max_line_bytes = 16 << 20)
      : source_(source), max_line_bytes_(max_line_bytes), buffer_(64 << 10) {}

  Result<bool> next(std::string_view* line) override;
  std::uint64_t line_number() const override { return line_number_; }

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
