// Configuration from file, environment and flags, by the table of config_table.h.
//
// Precedence: flags over environment over file over defaults. Unknown keys are refused with the nearest known name.
// Functions are thread-safe, but for the environment that they read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "server/app/settings.h"

namespace tamis::server {

struct ConfigSources {
  std::string file;                      // TOML; empty: that of TAMIS_CONFIG, or none
  std::vector<std::string> settings;     // "section.key=value", later ones win
  std::vector<std::string> environment;  // "NAME=value"; TAMIS_SECTION_KEY is read, other names are not
};

// The process's environment, for ConfigSources.
std::vector<std::string> process_environment();

// Reads, checks and completes. Errors name the key, its value, where it came from and what was expected.
Result<Config> load_config(const ConfigSources& sources);

// All that `tamis serve` would refuse of a configuration: keys, TLS files, the embeddings endpoint, whatever a database
// would refuse. It opens no port and no database. The field of the Status is the setting.
Status check_config(const Config& config);

// The whole configuration as a commented TOML file that reads back as the same. Secrets of keys are left out.
std::string config_to_toml(const Config& config);
// The reference table of docs/configuration.md.
std::string config_reference();

}  // namespace tamis::server
