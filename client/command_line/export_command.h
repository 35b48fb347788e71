// `tamis export`: what the server holds, as a file that `tamis import` takes.
#pragma once

#include <string>

#include "client/command_line/remote_options.h"

namespace tamis::client {

struct ExportOptions {
  RemoteOptions remote;
  std::string kind;  // "interactions", "items", "users", "vectors"
  std::string output = "-";
  std::string format = "auto";  // "ndjson", "csv", "npy", "packed"; auto: by the output's name, else ndjson
  std::string space;
  std::string of = "items";  // vectors of items or users
  std::string ids;           // npy: where the ids go
};

int run_export(const ExportOptions& options);

}  // namespace tamis::client
