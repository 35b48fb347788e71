#include <CLI/CLI.hpp>
#include <cstdio>

#include "server/commands/commands.h"

namespace tamis::server {

std::string with_field(const Status& status) {
  const bool is_told = status.field().empty() || status.message().find(status.field()) != std::string::npos;
  return is_told ? status.message() : status.field() + ": " + status.message();
}

int report_failure(const Status& status) {
  std::fprintf(stderr, "tamis: %s\n", with_field(status).c_str());
  switch (status.code()) {
    case StatusCode::kInvalidArgument: return kExitUsage;
    case StatusCode::kUnavailable: return kExitUnavailable;
    default: return kExitFailed;
  }
}

void add_config_flags(CLI::App& command, ConfigFlags* flags) {
  command.add_option("-c,--config", flags->file,
                     "TOML file with settings (tamis config --default prints one); else that of TAMIS_CONFIG");
  command.add_option("--set", flags->settings, "One setting, as section.key=value; wins over file and environment")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

Result<Config> load_config(const ConfigFlags& flags) {
  return load_config(
      ConfigSources{.file = flags.file, .settings = flags.settings, .environment = process_environment()});
}

}  // namespace tamis::server
