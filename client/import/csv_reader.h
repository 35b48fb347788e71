// CsvReader: records of a CSV stream (RFC 4180), as the real world writes them.
//
// Quoted fields may hold delimiters, doubled quotes and line breaks; lines end in LF, CR LF or CR; a byte order mark is
// dropped; blank lines are skipped. A quote inside an unquoted field stands for itself.
//
// A fault costs the line on which its record begins, never the lines after it. A quoted field that does not end within
// bounds, or that would swallow lines which are records themselves, began with a stray quote: its line is refused, and
// reading goes on at the next one. A record that is not UTF-8 is refused. Externally synchronised.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/import/byte_source.h"

namespace tamis::client {

struct CsvFormat {
  std::string delimiter = ",";      // one or more bytes
  std::optional<char> quote = '"';  // none: quotes are characters like others
  std::optional<char> escape = {};  // before a quote, a delimiter, a line break or itself: that stands for itself
  std::size_t max_record_bytes = 1 << 20;
  std::size_t max_quoted_bytes = 128 << 10;  // of a quoted field that holds line breaks
  std::size_t max_quoted_lines = 1'000;
};

struct CsvRecord {
  std::uint64_t line = 0;  // on which it begins, from 1
  std::vector<std::string> fields;
};

class CsvReader {
 public:
  // `source` outlives the reader.
  // REQUIRES: a delimiter.
  CsvReader(ByteSource* source, const CsvFormat& format);

  // How many fields a record should have: stray quotes are detected with it. 0, the default: not known.
  void expect_fields(std::size_t count) { expected_fields_ = count; }

  // False at the end. invalid_argument for a malformed record, whose line() is set; the next call goes on behind it.
  // Other codes come from the source and are final.
  Result<bool> next(CsvRecord* record);
  std::uint64_t line() const { return record_line_; }

 private:
  static constexpr int kEnd = -1;
  using ByteSet = std::array<bool, 256>;
  enum class Field { kDelimited, kLast, kOpen, kTrailed, kTooLong };

  int at(std::size_t position) {
    return position < window_.size() || fill(position) ? static_cast<unsigned char>(window_[position]) : kEnd;
  }
  bool fill(std::size_t position);
  bool is_delimiter(std::size_t position);
  bool is_escaped(std::size_t position);
  std::size_t break_bytes(std::size_t position);
  std::size_t scan(std::size_t position, const ByteSet& bytes) const;
  void drop_read();
  void skip_line();
  std::uint64_t lines_between(std::size_t begin, std::size_t end) const;

  Status parse(CsvRecord* record, bool* found);
  Field read_plain(std::size_t* position, std::string* field);
  Field read_quoted(std::size_t* position, std::string* field);
  bool read_as_it_stands(std::size_t* position, std::string* field, Field* how);
  bool swallows_records(std::size_t end, const std::vector<std::string>& record);
  Status refuse(const std::string& reason);

  ByteSource* const source_;
  const CsvFormat format_;
  ByteSet plain_stops_{};
  ByteSet quoted_stops_{};
  std::size_t expected_fields_ = 0;
  std::vector<char> buffer_;
  std::string window_;      // bytes from the current record on, and what was read beyond it
  std::size_t begin_ = 0;   // of the current record in window_
  std::size_t cursor_ = 0;  // behind what parse() has read
  bool started_ = false;
  bool at_end_ = false;
  Status source_status_;
  std::uint64_t line_ = 1;
  std::uint64_t record_line_ = 1;
};

// `field` as a CSV field, quoted where it must be.
std::string csv_field(std::string_view field, char delimiter = ',');

}  // namespace tamis::client
