#include "client/import/csv_reader.h"

#include <algorithm>

#include "common/ids.h"

namespace tamis::client {
namespace {

constexpr std::size_t kReadBytes = 64 << 10;

std::string hex_byte(unsigned char byte) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  return {'0', 'x', kHex[byte >> 4], kHex[byte & 15]};
}

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<signed char>(c) >= 0; });
}

// The first byte of `text` that no valid UTF-8 has at its place.
unsigned char first_invalid_byte(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && at + length <= text.size() && !is_valid_utf8(text.substr(at, length))) ++length;
    if (length > 4 || at + length > text.size()) break;
    at += length;
  }
  return static_cast<unsigned char>(text[std::min(at, text.size() - 1)]);
}

}  // namespace

CsvReader::CsvReader(ByteSource* source, const CsvFormat& format)
    : source_(source), format_(format), buffer_(kReadBytes) {
  const auto stop = [](ByteSet* set, std::optional<char> byte) {
    if (byte) (*set)[static_cast<unsigned char>(*byte)] = true;
  };
  for (ByteSet* set : {&plain_stops_, &quoted_stops_}) {
    stop(set, '\n');
    stop(set, '\r');
    stop(set, format_.escape);
  }
  stop(&plain_stops_, format_.delimiter[0]);
  stop(&quoted_stops_, format_.quote);
}

// Reads on until window_ holds `position`; false at the end.
bool CsvReader::fill(std::size_t position) {
  while (!at_end_ && position >= window_.size()) {
    const auto got = source_->read(buffer_.data(), buffer_.size());
    if (!got.is_ok()) source_status_ = got.status();
    at_end_ = !got.is_ok() || *got == 0;
    if (!at_end_) window_.append(buffer_.data(), *got);
  }
  return position < window_.size();
}

bool CsvReader::is_delimiter(std::size_t position) {
  const std::string& delimiter = format_.delimiter;
  for (std::size_t i = 0; i < delimiter.size(); ++i) {
    if (at(position + i) != static_cast<unsigned char>(delimiter[i])) return false;
  }
  return true;
}

// The length of the line break at `position`: 0, 1, or 2 for CR LF.
std::size_t CsvReader::break_bytes(std::size_t position) {
  const int c = at(position);
  if (c == '\n') return 1;
  if (c != '\r') return 0;
  return at(position + 1) == '\n' ? 2 : 1;
}

// Whether an escape stands at `position` with something behind it that needs one.
bool CsvReader::is_escaped(std::size_t position) {
  if (!format_.escape || at(position) != static_cast<unsigned char>(*format_.escape)) return false;
  const int next = at(position + 1);
  return next == static_cast<unsigned char>(*format_.escape) || next == '\n' || next == '\r' ||
         (format_.quote && next == static_cast<unsigned char>(*format_.quote)) || is_delimiter(position + 1);
}

void CsvReader::drop_read() {
  if (begin_ < kReadBytes && begin_ < window_.size()) return;
  window_.erase(0, begin_);
  begin_ = 0;
}

// Past the line on which the record begins, however long it is.
void CsvReader::skip_line() {
  for (;;) {
    const auto found = window_.find_first_of("\r\n", begin_);
    if (found != std::string::npos) {
      begin_ = found + break_bytes(found);
      ++line_;
      return;
    }
    window_.clear();
    begin_ = 0;
    if (!fill(0)) return;
  }
}

std::uint64_t CsvReader::lines_between(std::size_t begin, std::size_t end) const {
  std::uint64_t lines = 0;
  for (std::size_t i = window_.find_first_of("\r\n", begin); i < end; i = window_.find_first_of("\r\n", i + 1)) {
    if (window_[i] == '\r' && i + 1 < end && window_[i + 1] == '\n') continue;  // CR LF counts at its LF
    ++lines;
  }
  return lines;
}

Status CsvReader::refuse(const std::string& reason) {
  skip_line();
  if (!source_status_.is_ok()) return source_status_;
  return Status::invalid_argument(reason);
}

// The first position from `position` on whose byte is in `bytes`, or the end of what is in window_.
std::size_t CsvReader::scan(std::size_t position, const ByteSet& bytes) const {
  while (position < window_.size() && !bytes[static_cast<unsigned char>(window_[position])]) ++position;
  return position;
}

CsvReader::Field CsvReader::read_plain(std::size_t* position, std::string* field) {
  std::size_t at_byte = *position;
  for (;;) {
    const std::size_t found = scan(at_byte, plain_stops_);
    field->append(window_, at_byte, found - at_byte);
    at_byte = found;
    if (at_byte - begin_ > format_.max_record_bytes) return Field::kTooLong;
    if (at(at_byte) == kEnd) break;
    if (const std::size_t bytes = break_bytes(at_byte); bytes > 0) {
      at_byte += bytes;
      break;
    }
    if (is_delimiter(at_byte)) {
      *position = at_byte + format_.delimiter.size();
      return Field::kDelimited;
    }
    if (is_escaped(at_byte)) ++at_byte;
    *field += window_[at_byte++];
  }
  *position = at_byte;
  return Field::kLast;
}

// From the opening quote on.
CsvReader::Field CsvReader::read_quoted(std::size_t* position, std::string* field) {
  const std::size_t start = *position;
  std::size_t at_byte = start + 1;
  std::size_t lines = 0;
  for (;;) {
    const std::size_t found = scan(at_byte, quoted_stops_);
    field->append(window_, at_byte, found - at_byte);
    at_byte = found;
    const int c = at(at_byte);
    if (c == kEnd || at_byte - begin_ > format_.max_record_bytes) return Field::kOpen;
    if (lines > 0 && at_byte - start > format_.max_quoted_bytes) return Field::kOpen;
    if (is_escaped(at_byte)) {
      *field += window_[at_byte + 1];
      at_byte += 2;
    } else if (const std::size_t bytes = break_bytes(at_byte); bytes > 0) {
      if (++lines > format_.max_quoted_lines) return Field::kOpen;
      field->append(window_, at_byte, bytes);
      at_byte += bytes;
    } else if (c != static_cast<unsigned char>(*format_.quote)) {
      *field += window_[at_byte++];
    } else if (at(at_byte + 1) == c) {
      *field += window_[at_byte];
      at_byte += 2;
    } else {
      ++at_byte;
      break;
    }
  }
  *position = at_byte;
  while (at(at_byte) == ' ' && !is_delimiter(at_byte)) ++at_byte;  // blanks behind the closing quote
  if (at(at_byte) == kEnd || break_bytes(at_byte) > 0) {
    *position = at_byte + break_bytes(at_byte);
    return Field::kLast;
  }
  if (!is_delimiter(at_byte)) return Field::kTrailed;
  *position = at_byte + format_.delimiter.size();
  return Field::kDelimited;
}

// A field on one line that begins with a quote and is no quoted field, as `"Weird Al" Yankovic`: read as it stands.
// False where it ends with a quote, too: then its inner quotes should have been doubled.
bool CsvReader::read_as_it_stands(std::size_t* position, std::string* field, Field* how) {
  field->clear();
  *how = read_plain(position, field);
  return *how != Field::kTooLong && !field->empty() && field->back() != *format_.quote;
}

// Whether the record of begin_ to `end`, which spans lines, has taken up lines that are records of their own: then its
// quotes were stray ones.
bool CsvReader::swallows_records(std::size_t end, const std::vector<std::string>& record) {
  const std::size_t fields = record.size();
  const bool is_trailed = record.back().empty();
  if (expected_fields_ < 2) return false;
  std::size_t lines = 0;
  std::size_t whole = 0;  // lines with as many fields as a record has
  std::string ignored;
  for (std::size_t position = begin_; position < end; ++lines) {
    std::size_t count = 1;
    Field how = read_plain(&position, &ignored);
    for (; how == Field::kDelimited; how = read_plain(&position, &ignored)) ++count;
    if (how == Field::kTooLong) return false;
    ignored.clear();
    if (count == expected_fields_) ++whole;
  }
  if (fields == expected_fields_ + 1 && is_trailed) return false;  // by a delimiter at its end: a fault of another kind
  if (fields != expected_fields_) return whole > 0;
  // A record that is right by its count is taken for rows only where each of its lines is one. Two lines of prose with
  // the right number of commas are no rarity; with the right number of tabs they are.
  const bool is_prose = format_.delimiter == "," || format_.delimiter == ";" || format_.delimiter == " ";
  return whole == lines && lines >= (is_prose ? (expected_fields_ == 2 ? 8u : 3u) : 2u);
}

Status CsvReader::parse(CsvRecord* record, bool* found) {
  cursor_ = begin_;
  std::string fault;
  for (Field how = Field::kDelimited; how == Field::kDelimited;) {
    std::string& field = record->fields.emplace_back();
    const bool quoted = format_.quote && at(cursor_) == static_cast<unsigned char>(*format_.quote);
    const std::size_t start = cursor_;
    how = quoted ? read_quoted(&cursor_, &field) : read_plain(&cursor_, &field);
    if (!source_status_.is_ok()) return source_status_;
    if (how == Field::kTooLong) {
      return refuse("the record is longer than " + std::to_string(format_.max_record_bytes) + " bytes");
    }
    const std::string number = std::to_string(record->fields.size());
    if (how == Field::kTrailed && lines_between(start, cursor_) == 0) {
      if (fault.empty()) fault = "text follows the closing quote of field " + number;
      cursor_ = start;
      if (!read_as_it_stands(&cursor_, &field, &how)) how = Field::kTrailed;
    }
    if (how == Field::kTrailed || how == Field::kOpen) {
      if (fault.empty()) fault = "the quote that begins field " + number + " has no matching one";
      return refuse(fault + " (--quote none where quotes are plain characters)");
    }
  }
  if (!fault.empty() && record->fields.size() != expected_fields_) {
    return refuse(fault + " (--quote none where quotes are plain characters)");
  }
  *found = true;
  return Status::ok();
}

Result<bool> CsvReader::next(CsvRecord* record) {
  if (!started_) {
    started_ = true;
    if (at(2) != kEnd && std::string_view(window_).starts_with("\xEF\xBB\xBF")) begin_ = 3;
  }
  for (;;) {
    drop_read();
    while (at(begin_) != kEnd && break_bytes(begin_) > 0) {  // blank lines
      begin_ += break_bytes(begin_);
      ++line_;
    }
    record->fields.clear();
    record_line_ = record->line = line_;
    if (at(begin_) == kEnd) {
      if (!source_status_.is_ok()) return source_status_;
      return false;
    }
    bool found = false;
    TAMIS_RETURN_IF_ERROR(parse(record, &found));
    const std::uint64_t lines = lines_between(begin_, cursor_);
    if (lines > 1 && swallows_records(cursor_, record->fields)) {
      return refuse("a stray quote: the lines that its field would take up are records of their own");
    }
    const std::string_view bytes = std::string_view(window_).substr(begin_, cursor_ - begin_);
    if (!is_ascii(bytes) && !is_valid_utf8(bytes)) {
      const auto field =
          std::ranges::find_if(record->fields, [](const std::string& text) { return !is_valid_utf8(text); });
      const auto number = static_cast<std::size_t>(field - record->fields.begin()) + 1;
      const unsigned char byte = first_invalid_byte(field == record->fields.end() ? bytes : std::string_view(*field));
      begin_ = cursor_;
      line_ += lines;
      return Status::invalid_argument(
          "field " + std::to_string(std::min(number, record->fields.size())) + " is not text in the file's encoding" +
          (byte == 0xFF ? "" : " (byte " + hex_byte(byte) + ")") + "; --encoding tells another one");
    }
    begin_ = cursor_;
    line_ += lines;
    return true;
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
