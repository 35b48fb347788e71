#include "common/ids.h"

#include <algorithm>

namespace tamis {

bool is_valid_utf8(std::string_view text) {
  const auto* byte = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = byte + text.size();
  while (byte < end) {
    if (*byte < 0x80) {
      ++byte;
      continue;
    }
    // Table 3-7 of the Unicode standard: the second byte's range depends on the first.
    std::size_t length = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xBF;
    if (*byte >= 0xC2 && *byte <= 0xDF) {
      length = 2;
    } else if (*byte >= 0xE0 && *byte <= 0xEF) {
      length = 3;
      if (*byte == 0xE0) low = 0xA0;
      if (*byte == 0xED) high = 0x9F;
    } else if (*byte >= 0xF0 && *byte <= 0xF4) {
      length = 4;
      if (*byte == 0xF0) low = 0x90;
      if (*byte == 0xF4) high = 0x8F;
    } else {
      return false;
    }
    if (static_cast<std::size_t>(end - byte) < length || byte[1] < low || byte[1] > high) return false;
    for (std::size_t i = 2; i < length; ++i) {
      if (byte[i] < 0x80 || byte[i] > 0xBF) return false;
    }
    byte += length;
  }
  return true;
}

Status validate_external_id(std::string_view id, std::string_view field) {
  const auto refuse = [&](const std::string& problem) {
    return Status::invalid_argument(std::string(field) + " " + problem).at_field(std::string(field));
  };
  if (id.empty()) return refuse("is empty; expected 1 to 256 bytes of UTF-8");
  if (id.size() > kMaxExternalIdBytes) {
    return refuse("has " + std::to_string(id.size()) + " bytes; expected 1 to 256");
  }
  if (!is_valid_utf8(id)) return refuse("is not valid UTF-8");
  const bool has_control = std::any_of(id.begin(), id.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  if (has_control) return refuse("contains a control character; expected printable UTF-8");
  return Status::ok();
}

}  // namespace tamis
