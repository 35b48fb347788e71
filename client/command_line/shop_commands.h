// `tamis bought-together`: what shops ask beside lists for a user.
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
  std::string name_feature = "name";
};

int run_bought_together(const BoughtTogetherOptions& options);

// Adds the commands of this file.
void add_shop_commands(CLI::App& app, int* exit_code);

}  // namespace tamis::client
