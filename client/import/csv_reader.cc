#include "client/import/csv_reader.h"

namespace tamis::client {

bool CsvReader::refill() {
  if (at_end_) return false;
  auto got = source_->read(buffer_.data(), buffer_.size());
  begin_ = 0;
  end_ = got.is_ok() ? *got : 0;
  at_end_ = end_ == 0;
  if (!got.is_ok()) source_status_ = got.status();
  return !at_end_;
}

int CsvReader::take() {
  const int c = peek();
  if (c == kEnd) return c;
  ++begin_;
  ++record_bytes_;
  if (c == '\n' || (c == '\r' && peek() != '\n')) ++line_;  // CR LF and CR are one line break
  return c;
}

void CsvReader::skip_line() {
  for (;;) {
    const int c = take();
    if (c == kEnd || c == '\n') return;
    if (c == '\r') {
      if (peek() != '\n') return;
    }
  }
}

Status CsvReader::refuse(std::string_view reason) {
  skip_line();
  if (!source_status_.is_ok()) return source_status_;
  return Status::invalid_argument(std::string(reason));
}

// After the opening quote, up to and with the closing one. False where the input ended before.
bool CsvReader::read_quoted(std::string* field) {
  for (;;) {
    const int c = take();
    if (c == kEnd || record_bytes_ > format_.max_record_bytes) return false;
    if (c == static_cast<unsigned char>(format_.quote)) {
      if (peek() != static_cast<unsigned char>(format_.quote)) return true;
      take();
    }
    *field += static_cast<char>(c);
  }
}

Result<bool> CsvReader::next(CsvRecord* record) {
  const auto is = [](int c, char expected) { return c == static_cast<unsigned char>(expected); };
  if (!started_) {
    started_ = true;
    static constexpr unsigned char kMark[] = {0xEF, 0xBB, 0xBF};
    for (const unsigned char byte : kMark) {  // UTF-8 never begins with part of a mark
      const int c = peek();
      if (c != byte) break;
      ++begin_;
    }
  }
  for (;;) {
    record->fields.clear();
    record_line_ = record->line = line_;
    record_bytes_ = 0;
    bool quoted_any = false;
    bool ended = false;
    while (!ended) {
      std::string& field = record->fields.emplace_back();
      int c = peek();
      if (c == kEnd && record->fields.size() == 1) {
        if (!source_status_.is_ok()) return source_status_;
        return false;
      }
      if (is(c, format_.quote)) {
        quoted_any = true;
        c = take();
        const bool closed = read_quoted(&field);
        if (!closed) {
          if (record_bytes_ > format_.max_record_bytes) return refuse("a quoted field does not end (record too long)");
          if (!source_status_.is_ok()) return source_status_;
          return Status::invalid_argument("a quoted field does not end before the file does");
        }
        c = peek();
        if (c != kEnd && !is(c, format_.delimiter) && c != '\n' && c != '\r') {
          return refuse("text follows the closing quote of field " + std::to_string(record->fields.size()));
        }
      }
      for (;;) {
        c = take();
        if (c == kEnd || c == '\n' || c == '\r') {
          if (c == '\r') {
            if (peek() == '\n') take();
          }
          ended = true;
          break;
        }
        if (is(c, format_.delimiter)) break;
        if (record_bytes_ > format_.max_record_bytes) return refuse("the record is too long");
        field += static_cast<char>(c);
      }
    }
    if (!source_status_.is_ok()) return source_status_;
    const bool blank = record->fields.size() == 1 && record->fields[0].empty() && !quoted_any;
    if (!blank) return true;
  }
}

std::string csv_field(std::string_view field, char delimiter) {
  const bool plain = field.find_first_of("\"\r\n") == std::string_view::npos &&
                     field.find(delimiter) == std::string_view::npos && !field.empty() && field.front() != ' ' &&
                     field.back() != ' ';
  if (plain) return std::string(field);
  std::string quoted = "\"";
  for (const char c : field) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

}  // namespace tamis::client
