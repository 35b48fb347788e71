// The file of an import: which format it has, and its bytes as UTF-8 text.
#pragma once

#include <memory>
#include <string>

#include "client/command_line/import_command.h"
#include "client/import/byte_source.h"

namespace tamis::client {

// "csv", "ndjson", "npy" or "packed": by the name, else by the first bytes. invalid_argument, with what to do, for a
// file of another kind: Parquet, an archive, a folder.
Result<std::string> format_of_file(const std::string& path);

// "standard input" for "-".
std::string name_of_file(const std::string& path);

// The file decompressed and as UTF-8. `encoding` as for as_utf8(); another one than UTF-8 is reported on standard error
// where `is_told`.
Result<std::unique_ptr<ByteSource>> open_text(const std::string& path, const std::string& encoding, bool is_told);

}  // namespace tamis::client
