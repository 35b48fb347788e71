#include "engine/query/page_cursor.h"

#include <algorithm>
#include <optional>

#include "common/checksum.h"

namespace tamis::engine {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kSealBytes = 4;
constexpr std::size_t kMaxCursorBytes = 16'384;

std::string to_base64(std::string_view bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t b = 0; b < 3; ++b) group = group << 8 | (b < count ? static_cast<unsigned char>(bytes[i + b]) : 0);
    for (std::size_t digit = 0; digit <= count; ++digit) text += kAlphabet[(group >> (18 - 6 * digit)) & 63];
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes += static_cast<char>(bits >> held & 0xFF);
    }
  }
  return bytes;
}

std::string seal_of(std::string_view body) {
  const std::uint64_t sum = checksum64(body.data(), body.size());
  std::string seal;
  for (std::size_t i = 0; i < kSealBytes; ++i) seal += static_cast<char>(sum >> (8 * i) & 0xFF);
  return seal;
}

// The ids of a body whose seal holds; nullopt where it is none all the same.
std::optional<std::vector<DenseId>> read_ids(std::string_view body) {
  std::vector<DenseId> ids;
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < body.size();) {
    std::uint64_t step = 0;
    for (int shift = 0;; shift += 7) {
      if (i == body.size() || shift > 28) return std::nullopt;
      const auto byte = static_cast<unsigned char>(body[i++]);
      step |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) break;
    }
    id += step;
    if (id >= kNoDenseId || ids.size() == kMaxPagedItems) return std::nullopt;
    ids.push_back(static_cast<DenseId>(id));
  }
  return ids;
}

}  // namespace

std::string encode_page_cursor(std::vector<DenseId> served) {
  std::sort(served.begin(), served.end());
  std::string body;
  DenseId last = 0;
  for (const DenseId id : served) {
    DenseId step = id - last;
    for (; step >= 0x80; step >>= 7) body += static_cast<char>((step & 0x7F) | 0x80);
    body += static_cast<char>(step);
    last = id;
  }
  return to_base64(seal_of(body) + body);
}

Result<std::vector<DenseId>> decode_page_cursor(std::string_view cursor) {
  if (cursor.empty()) return std::vector<DenseId>();
  if (cursor.size() <= kMaxCursorBytes) {
    const auto bytes = from_base64(cursor);
    if (bytes && bytes->size() > kSealBytes && bytes->substr(0, kSealBytes) == seal_of(bytes->substr(kSealBytes))) {
      if (auto ids = read_ids(std::string_view(*bytes).substr(kSealBytes))) return std::move(*ids);
    }
  }
  return Status::invalid_argument("cursor is none of this database; expected the cursor of the page before")
      .at_field("cursor");
}

}  // namespace tamis::engine
