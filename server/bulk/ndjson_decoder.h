// NdjsonDecoder: newline-delimited JSON (https://github.com/ndjson/ndjson-spec): one JSON text a line, LF or CRLF,
// blank lines skipped, the last line's end optional. A byte order mark before the first line is skipped.
#pragma once

#include "server/bulk/bulk_decoder.h"
#include "server/json/json_reader.h"

namespace tamis::server {

class NdjsonDecoder final : public BulkDecoder {
 public:
  using ReadLine = std::function<Result<Mutation>(simdjson::dom::element)>;

  NdjsonDecoder(std::size_t max_line_bytes, ReadLine read_line, Check check)
      : max_line_bytes_(max_line_bytes), read_line_(std::move(read_line)), check_(std::move(check)) {}

  Status feed(std::string_view bytes, BulkRecords* out) override;
  Status finish(BulkRecords* out) override;

 private:
  void decode_line(std::string_view line, BulkRecords* out);
  // The line is copied behind padding first.
  void decode_unpadded(std::string_view line, BulkRecords* out);
  Status check_length(std::size_t length) const;

  std::size_t max_line_bytes_;
  ReadLine read_line_;
  Check check_;
  JsonDocument document_;
  std::string partial_;  // the beginning of a line whose end has not come
  std::string padded_;
  std::uint64_t line_ = 0;  // complete lines seen
};

}  // namespace tamis::server
