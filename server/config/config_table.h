// The one table of configuration: from it come parsing, `tamis config`, deploy/tamis.toml and docs/configuration.md.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "server/app/settings.h"
#include "server/config/config_value.h"

namespace tamis::server {

struct ConfigOption {
  std::string key;       // "server.port"; one that ends in ".*" takes any name there
  std::string expected;  // kind and range, for people
  std::string help;
  // `name` is what stands for the *, else empty.
  std::function<Status(Config*, const std::string& name, const ConfigValue&)> set;
  // The value as TOML; of a ".*" option its entries by name.
  std::function<std::string(const Config&)> show;
  std::function<std::map<std::string, std::string>(const Config&)> show_entries;

  bool takes_any_name() const { return key.ends_with(".*"); }
};

// In the order in which people should read them; sections stand together. Built once, thread-safe.
const std::vector<ConfigOption>& config_options();

}  // namespace tamis::server
