#include "client/import/line_reader.h"

#include <cstring>

namespace tamis::client {

Result<bool> LineReader::next(std::string_view* line) {
  line_.clear();
  bool too_long = false;
  bool found_any = false;
  bool ended = false;
  while (!ended) {
    if (begin_ == end_) {
      TAMIS_ASSIGN_OR_RETURN(end_, source_->read(buffer_.data(), buffer_.size()));
      begin_ = 0;
      if (end_ == 0) break;
    }
    found_any = true;
    const char* start = buffer_.data() + begin_;
    const auto* newline = static_cast<const char*>(std::memchr(start, '\n', end_ - begin_));
    ended = newline != nullptr;
    const std::size_t length = ended ? static_cast<std::size_t>(newline - start) : end_ - begin_;
    if (line_.size() + length > max_line_bytes_) {
      too_long = true;
    } else if (!too_long) {
      line_.append(start, length);
    }
    begin_ += length + (ended ? 1 : 0);
  }
  if (!found_any) return false;
  ++line_number_;
  if (too_long) {
    return Status::invalid_argument("the line is longer than " + std::to_string(max_line_bytes_) + " bytes");
  }
  std::string_view text = line_;
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (line_number_ == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  *line = text;
  return true;
}

}  // namespace tamis::client
