// Content codings (RFC 9110 section 8.4), both ways: gzip (RFC 1952) and zstd (RFC 8878).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"

namespace tamis::server {

enum class ContentCoding { kIdentity, kGzip, kZstd };

std::string_view coding_name(ContentCoding coding);
std::optional<ContentCoding> parse_coding(std::string_view name);  // in any case; nullopt where it is not known

// Whether the elements of Accept-Encoding take a coding, with a weight above 0.
bool takes_coding(const std::vector<std::string>& accepted, ContentCoding coding);
// The coding to answer in: zstd before gzip, of what they take.
ContentCoding choose_coding(const std::vector<std::string>& accepted);
// At a fast level. REQUIRES: not kIdentity.
std::string encode(ContentCoding coding, std::string_view text);

// Decodes a body piece by piece, at bounded memory: a zstd stream whose window is above 8 MiB is refused.
class ContentDecoder {
 public:
  // REQUIRES: not kIdentity.
  static std::unique_ptr<ContentDecoder> create(ContentCoding coding);
  virtual ~ContentDecoder() = default;

  // Takes bytes from the front of `input` and appends what they stand for to `out`, at most `most` bytes. Where all of
  // `most` came, more may be due without further input. invalid_argument where the input is damaged.
  virtual Status decode(std::string_view* input, std::size_t most, std::string* out) = 0;
  // Whether what came so far is whole. Several streams behind one another are one.
  virtual bool is_whole() const = 0;
};

}  // namespace tamis::server
