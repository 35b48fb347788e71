#include "client/command_line/input_file.h"

#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "client/import/text_source.h"

namespace tamis::client {
namespace {

// "" where the name tells nothing.
std::string format_by_name(const std::string& path) {
  const std::string name = without_compression(path);
  if (name.ends_with(".csv") || name.ends_with(".tsv")) return "csv";
  if (name.ends_with(".ndjson") || name.ends_with(".jsonl") || name.ends_with(".json")) return "ndjson";
  if (name.ends_with(".npy")) return "npy";
  if (name.ends_with(".tvec")) return "packed";
  return "";
}

}  // namespace

std::string name_of_file(const std::string& path) { return path == "-" ? "standard input" : path; }

Result<std::string> format_of_file(const std::string& path) {
  if (path == "-") {
    return Status::invalid_argument(
        "the format of standard input cannot be told; give --input-format csv, ndjson, "
        "npy or packed");
  }
  const auto refuse = [&](const std::string& reason) { return Status::invalid_argument(path + " " + reason); };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) {
    return refuse("is a folder; name the files in it one by one, or a generation's folder with --generation");
  }
  TAMIS_ASSIGN_OR_RETURN(const auto source, open_source(path));
  char bytes[512];
  std::size_t size = 0;
  for (std::size_t got = 1; got > 0 && size < sizeof bytes; size += got) {
    TAMIS_ASSIGN_OR_RETURN(got, source->read(bytes + size, sizeof bytes - size));
  }
  const std::string_view start(bytes, size);
  if (start.starts_with("PAR1")) {
    return refuse(
        "is a Parquet file, which this command does not read. Convert it to CSV or NDJSON, with DuckDB as in\n"
        "  duckdb -c \"COPY (FROM '" +
        path +
        "') TO 'rows.csv'\"\n"
        "or with pandas: pandas.read_parquet(\"" +
        path + "\").to_csv(\"rows.csv\", index=False)");
  }
  if (start.starts_with("PK\x03\x04")) return refuse("is a zip archive: unzip it, and import the files in it");
  if (start.starts_with("BZh")) return refuse("is compressed by bzip2, which is not read: decompress it first");
  if (start.starts_with("SQLite format 3")) return refuse("is a SQLite database: export its tables as CSV");
  if (start.starts_with("\x93NUMPY")) return std::string("npy");
  if (start.starts_with("TAMISVEC")) return std::string("packed");
  if (const std::string by_name = format_by_name(path); !by_name.empty()) return by_name;
  const auto first = start.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (first != std::string_view::npos && (start[first] == '{' || start[first] == '[')) return std::string("ndjson");
  // UTF-16 has zeros, but a mark before them.
  if (start.find('\0') != std::string_view::npos && !start.starts_with("\xFF\xFE") && !start.starts_with("\xFE\xFF")) {
    return refuse("holds bytes that are no text; give --input-format csv, ndjson, npy or packed");
  }
  return std::string("csv");
}

Result<std::unique_ptr<ByteSource>> open_text(const std::string& path, const std::string& encoding, bool is_told) {
  TAMIS_ASSIGN_OR_RETURN(auto raw, open_source(path));
  EncodingReceiver receiver;
  if (is_told) {
    receiver = [name = name_of_file(path)](const std::string& found, bool guessed) {
      if (guessed) {
        std::fprintf(stderr, "tamis: %s is read as %s, by its bytes; --encoding tells another one\n", name.c_str(),
                     found.c_str());
      }
    };
  }
  return as_utf8(std::move(raw), encoding, std::move(receiver));
}

}  // namespace tamis::client
