#include "client/import/json_array_reader.h"

namespace tamis::client {

int JsonArrayReader::take() {
  if (begin_ == end_) {
    const auto got = source_->read(buffer_.data(), buffer_.size());
    begin_ = 0;
    end_ = got.is_ok() ? *got : 0;
    if (!got.is_ok()) source_status_ = got.status();
    if (end_ == 0) return kEnd;
  }
  const int c = static_cast<unsigned char>(buffer_[begin_++]);
  if (c == '\n') ++line_;
  return c;
}

int JsonArrayReader::take_visible() {
  for (;;) {
    const int c = take();
    if (c != ' ' && c != '\t' && c != '\n' && c != '\r') return c;
  }
}

Result<bool> JsonArrayReader::next(std::string_view* record) {
  const auto refuse = [this](const std::string& reason) {
    return source_status_.is_ok() ? Status::corruption("line " + std::to_string(line_) + ": " + reason)
                                  : source_status_;
  };
  if (is_closed_) return false;
  int c = take_visible();
  if (!is_open_) {
    if (c == 0xEF && take() == 0xBB && take() == 0xBF) c = take_visible();  // a byte order mark
    if (c != '[') return refuse("a JSON array is expected");
    is_open_ = true;
    c = take_visible();
  }
  if (c == ']') {
    is_closed_ = true;
    if (take_visible() != kEnd) return refuse("text follows the end of the JSON array");
    return false;
  }
  element_.clear();
  element_line_ = line_;
  std::size_t depth = 0;
  bool in_string = false;
  for (;; c = take()) {
    if (c == kEnd) return refuse("the JSON array does not end");
    if (element_.size() > max_bytes_) return refuse("an element is longer than " + std::to_string(max_bytes_));
    if (in_string) {
      element_ += static_cast<char>(c);
      if (c == '\\') {
        if (c = take(); c == kEnd) return refuse("the JSON array does not end");
        element_ += static_cast<char>(c);
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    if (depth == 0 && (c == ',' || c == ']')) {
      is_closed_ = c == ']';
      if (is_closed_ && take_visible() != kEnd) return refuse("text follows the end of the JSON array");
      *record = element_;
      return true;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') --depth;
    in_string = c == '"';
    element_ += c == '\n' || c == '\r' ? ' ' : static_cast<char>(c);
  }
}

}  // namespace tamis::client
