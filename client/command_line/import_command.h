// `tamis import`: files to the server. docs/command_line.md describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/command_line/remote_options.h"
#include "client/import/csv_flags.h"

namespace tamis::client {

struct ImportOptions {
  RemoteOptions remote;
  std::vector<std::string> inputs;  // [kind] file
  std::string mapping;
  std::string format = "auto";  // "auto", "csv", "ndjson", "npy", "packed"
  CsvFlags csv;
  bool print_mapping = false;  // print the mapping as TOML and end
  bool dry_run = false;        // send nothing; show what would be stored
  std::string space;
  std::string ids;
  std::string of = "items";       // what vectors belong to
  std::string metric = "cosine";  // of a space that does not exist yet
  std::string on_error = "skip";  // or "fail"
  std::uint64_t max_errors = 1'000'000;
  std::size_t show_errors = 10;
  std::string idempotency = "auto";  // "auto", "row", "none"
  std::string source;                // what the file is called in the keys of rows without a time
  std::string import_id;             // empty: a new one
  std::string undo;                  // an import's id: take it back instead
  std::string durability;
  std::string generation;       // a folder or an archive; then the options above but `remote` say nothing
  std::string generation_name;  // what the server calls it
  bool promote = false;         // have it serve
};

int run_import(const ImportOptions& options);

}  // namespace tamis::client
