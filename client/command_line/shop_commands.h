// `tamis bought-together`, `tamis compare`, `tamis batch`, `tamis audience`: what shops ask beside lists for a user.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/command_line/remote_options.h"

namespace CLI {
class App;
}

namespace tamis::client {

struct BoughtTogetherOptions {
  RemoteOptions remote;
  std::vector<std::string> items;  // the cart
  std::uint32_t k = 10;
  std::string mode = "relaxed";
  std::string filter_json;
  std::string name_feature;
};

struct CompareOptions {
  RemoteOptions remote;
  std::string user;
  std::string a;  // the name of a funnel, or a file with a funnel document
  std::string b;
  std::uint32_t k = 10;
  std::string name_feature;
};

struct BatchOptions {
  RemoteOptions remote;
  std::string kind = "recommendations";
  std::string funnel;
  std::string space;
  std::uint32_t k = 10;
  std::string segment_json;
  std::string filter_json;
  std::string output;  // NDJSON, or CSV where it ends in .csv; "-": standard output; empty: it stays on the server
  std::string format;  // of the file; empty: by its name
  double max_per_second = 0;
  bool no_log = false;
  bool no_wait = false;
};

struct AudienceOptions {
  RemoteOptions remote;
  std::string item;
  std::uint32_t k = 100;
  std::string filter_json;
  std::string cap_type;
  std::uint32_t cap = 1;
  double cap_days = 7;
  bool with_seen = false;
};

int run_batch(const BatchOptions& options);
int run_audience(const AudienceOptions& options);
int run_compare(const CompareOptions& options);
int run_bought_together(const BoughtTogetherOptions& options);

// Adds the commands of this file.
void add_shop_commands(CLI::App& app, int* exit_code);

}  // namespace tamis::client
