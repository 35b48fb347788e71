// TextSource: the bytes of a file as UTF-8, whatever encoding they came in.
//
// Converts by the C library's iconv. What cannot be decoded becomes the byte 0xFF, which no UTF-8 has: readers refuse
// the record that holds it, so nothing is replaced without a word. Externally synchronised.
//
// Errors: those of the source; invalid_argument for an encoding that nobody knows; failed_precondition while reading,
// where the bytes are text of no encoding that can be told.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "client/import/byte_source.h"

namespace tamis::client {

// Hears the encoding once where it is not plain UTF-8: its name, and whether it was told by the bytes alone.
using EncodingReceiver = std::function<void(const std::string& encoding, bool guessed)>;

// `encoding`: a name that iconv knows ("utf-8", "utf-16", "latin-1", "windows-1252", "shift_jis"), or "auto":
//   - a byte order mark tells UTF-8, UTF-16 and UTF-32; zeros in every second byte tell UTF-16 without one;
//   - else the first byte above 0x7F and what follows decide between UTF-8 and Windows-1252, which holds Latin-1.
Result<std::unique_ptr<ByteSource>> as_utf8(std::unique_ptr<ByteSource> raw, std::string_view encoding,
                                            EncodingReceiver receiver = {});

}  // namespace tamis::client
