// `tamis pages`: several rows for one user, without repeats, as POST /v1/pages makes them.
#pragma once

#include <cstdint>
#include <string>

#include "client/command_line/remote_options.h"

namespace CLI {
class App;
}

namespace tamis::client {

struct PagesOptions {
  RemoteOptions remote;
  std::string user;
  std::string rows;  // file of a list of rows; empty: four usual ones
  std::uint32_t k = 5;
  std::string name_feature;
  bool dry_run = false;
};

int run_pages(const PagesOptions& options);

void add_pages(CLI::App& app, int* exit_code);

}  // namespace tamis::client
