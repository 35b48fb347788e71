// JsonArrayReader: the elements of a JSON array as records, each on one line, at constant memory.
#pragma once

#include <string>
#include <vector>

#include "client/import/line_reader.h"

namespace tamis::client {

// Splits at the array's own commas; whether an element is valid JSON is for others to say. An element longer than
// `max_bytes` ends the reading, as does text that is no array: corruption. Externally synchronised.
class JsonArrayReader final : public RecordReader {
 public:
  // `source` outlives the reader.
  explicit JsonArrayReader(ByteSource* source, std::size_t max_bytes = 16 << 20)
      : source_(source), max_bytes_(max_bytes), buffer_(64 << 10) {}

  Result<bool> next(std::string_view* record) override;
  std::uint64_t line_number() const override { return element_line_; }

 private:
  static constexpr int kEnd = -1;
  int take();
  int take_visible();  // past white space

  ByteSource* const source_;
  const std::size_t max_bytes_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  Status source_status_;
  std::string element_;
  bool is_open_ = false;
  bool is_closed_ = false;
  std::uint64_t line_ = 1;
  std::uint64_t element_line_ = 1;
};

}  // namespace tamis::client
