// The flags of `tamis import` that say how a CSV file is written and what its columns mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/import/mapping.h"

namespace tamis::client {

// How a CSV file is written, and what its columns mean: over what the mapping says. Empty: as it says.
struct CsvFlags {
  std::string encoding;
  std::optional<std::string> delimiter;
  std::optional<std::string> quote;   // "" or "none": no quotes
  std::optional<std::string> escape;  // likewise
  bool no_header = false;
  std::vector<std::string> columns;
  std::vector<std::string> nulls;
  std::string extra_fields;                                                       // "refuse", "ignore"
  std::string missing_fields;                                                     // "refuse", "empty"
  std::string user, item, type, type_column, value, timestamp, timestamp_format;  // of interactions
  std::string id;                                                                 // of items and users
};

// How the file is written: encoding, delimiter, quotes, header. invalid_argument for a flag that makes no sense.
Status apply_format_flags(const CsvFlags& flags, Mapping* mapping);
// What the columns mean. `kind`: of the import, or empty.
Status apply_column_flags(const CsvFlags& flags, const std::string& kind, Mapping* mapping);

// The name without .gz, .xz and .zst.
std::string without_compression(std::string path);

}  // namespace tamis::client
