// CsvReader: records of a CSV stream (RFC 4180), as the real world writes them.
//
// Quoted fields may hold delimiters, doubled quotes and line breaks; lines end in LF, CR LF or CR; a byte order mark is
// dropped; blank lines are skipped. A quote inside an unquoted field stands for itself. Externally synchronised.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/byte_source.h"

namespace tamis::client {

struct CsvFormat {
  char delimiter = ',';
  char quote = '"';
  std::size_t max_record_bytes = 1 << 20;  // so that one stray quote does not swallow the file
};

struct CsvRecord {
  std::uint64_t line = 0;  // on which it begins, from 1
  std::vector<std::string> fields;
};

class CsvReader {
 public:
  // `source` outlives the reader.
  CsvReader(ByteSource* source, const CsvFormat& format) : source_(source), format_(format), buffer_(64 << 10) {}

  // False at the end. invalid_argument for a malformed record, whose line() is set; reading goes on after the line
  // where the fault was found. Other codes come from the source and are final.
  Result<bool> next(CsvRecord* record);
  std::uint64_t line() const { return record_line_; }

 private:
  static constexpr int kEnd = -1;

  int peek() { return begin_ < end_ || refill() ? static_cast<unsigned char>(buffer_[begin_]) : kEnd; }
  int take();
  bool refill();
  void skip_line();
  bool read_quoted(std::string* field);
  Status refuse(std::string_view reason);

  ByteSource* const source_;
  const CsvFormat format_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool started_ = false;
  bool at_end_ = false;
  Status source_status_;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
  std::size_t record_bytes_ = 0;
};

// `field` as a CSV field, quoted where it must be.
std::string csv_field(std::string_view field, char delimiter = ',');

}  // namespace tamis::client
