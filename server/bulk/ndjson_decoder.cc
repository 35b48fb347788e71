#include "server/bulk/ndjson_decoder.h"

#include <algorithm>

namespace tamis::server {

Status NdjsonDecoder::check_length(std::size_t length) const {
  if (length <= max_line_bytes_) return Status::ok();
  return Status::invalid_argument("line " + std::to_string(line_ + 1) + " is longer than " +
                                  std::to_string(max_line_bytes_) + " bytes, the most that one record may have");
}

Status NdjsonDecoder::feed(std::string_view bytes, BulkRecords* out) {
  const char* const end = bytes.data() + bytes.size();
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos) {
      TAMIS_RETURN_IF_ERROR(check_length(partial_.size() + bytes.size()));
      partial_.append(bytes);
      return Status::ok();
    }
    TAMIS_RETURN_IF_ERROR(check_length(partial_.size() + newline));
    if (!partial_.empty()) {
      partial_.append(bytes.substr(0, newline));
      decode_unpadded(partial_, out);
      partial_.clear();
    } else if (static_cast<std::size_t>(end - bytes.data()) - newline >= JsonDocument::kPaddingBytes) {
      decode_line(bytes.substr(0, newline), out);  // the lines that follow are its padding
    } else {
      decode_unpadded(bytes.substr(0, newline), out);
    }
    bytes.remove_prefix(newline + 1);
  }
  return Status::ok();
}

Status NdjsonDecoder::finish(BulkRecords* out) {
  if (!partial_.empty()) decode_unpadded(partial_, out);
  partial_.clear();
  return Status::ok();
}

void NdjsonDecoder::decode_unpadded(std::string_view line, BulkRecords* out) {
  padded_.assign(line);
  padded_.append(JsonDocument::kPaddingBytes, ' ');
  decode_line(std::string_view(padded_).substr(0, line.size()), out);
}

void NdjsonDecoder::decode_line(std::string_view line, BulkRecords* out) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (++line_ == 1 && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return;
  const auto document = document_.parse_padded(line, "the line");
  if (!document.is_ok()) return out->refuse(line_, document.status());
  auto mutation = read_line_(*document);
  if (!mutation.is_ok()) return out->refuse(line_, mutation.status());
  if (const Status checked = check_(&*mutation); !checked.is_ok()) return out->refuse(line_, checked);
  out->add(std::move(*mutation), line_);
}

}  // namespace tamis::server
