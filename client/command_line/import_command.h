// `tamis import`: files to the server. docs/command_line.md describes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/command_line/remote_options.h"

namespace tamis::client {

struct ImportOptions {
  RemoteOptions remote;
  std::vector<std::string> inputs;  // [kind] file
  std::string mapping;
  std::string format = "auto";  // "auto", "csv", "ndjson", "npy", "packed"
  std::string delimiter;
  std::string space;
  std::string ids;
  std::string of = "items";       // what vectors belong to
  std::string metric = "cosine";  // of a space that does not exist yet
  std::string on_error = "skip";  // or "fail"
  std::uint64_t max_errors = 1'000'000;
  std::size_t show_errors = 10;
  std::string idempotency = "auto";  // "auto", "row", "none"
  std::string durability;
  std::string generation;       // a folder or an archive; then the options above but `remote` say nothing
  std::string generation_name;  // what the server calls it
  bool promote = false;         // have it serve
};

int run_import(const ImportOptions& options);

}  // namespace tamis::client
