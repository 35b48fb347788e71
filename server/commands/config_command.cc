// tamis config: checks and prints the configuration. tamis version.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "server/app/version.h"
#include "server/commands/commands.h"

namespace tamis::server {
namespace {

struct PrintFlags {
  ConfigFlags config;
  bool only_defaults = false;
  bool only_reference = false;
  bool only_check = false;
};

int print_config(const PrintFlags& flags) {
  if (flags.only_reference) {
    std::fputs(config_reference().c_str(), stdout);
    return kExitOk;
  }
  if (flags.only_defaults) {
    std::fputs(config_to_toml(Config{}).c_str(), stdout);
    return kExitOk;
  }
  const auto config = load_config(flags.config);
  Status status = config.status();
  if (status.is_ok() && flags.only_check) status = check_config(*config);
  if (!status.is_ok()) {
    report_failure(status);
    return kExitUsage;
  }
  for (const std::string& warning : config->warnings) std::fprintf(stderr, "tamis: warning: %s\n", warning.c_str());
  std::fputs(flags.only_check ? "the configuration is valid\n" : config_to_toml(*config).c_str(), stdout);
  return kExitOk;
}

}  // namespace

void add_config_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<PrintFlags>();
  CLI::App* command = app.add_subcommand("config", "Check the configuration and print it as it is in force");
  add_config_flags(*command, &flags->config);
  auto* defaults = command->add_flag("--default", flags->only_defaults, "Print a commented file with all defaults");
  auto* reference = command->add_flag("--reference", flags->only_reference, "Print all settings as a Markdown table");
  command->add_flag("--check", flags->only_check, "Only say whether `tamis serve` would take it")
      ->excludes(defaults)
      ->excludes(reference);
  command->callback([flags, exit_code] { *exit_code = print_config(*flags); });
}

void add_version_command(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("version", "Print the version");
  command->callback([exit_code] {
    std::printf("tamis %s\n", kVersion);
    *exit_code = kExitOk;
  });
}

}  // namespace tamis::server
