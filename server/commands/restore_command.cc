// tamis restore: a data directory from a snapshot.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "engine/database.h"
#include "server/commands/commands.h"

namespace tamis::server {
namespace {

struct RestoreFlags {
  ConfigFlags config;
  std::string snapshot_dir;
  std::string data_dir;
  bool is_strict = false;
};

int restore(const RestoreFlags& flags) {
  const auto config = load_config(flags.config);
  if (!config.is_ok()) {
    report_failure(config.status());
    return kExitUsage;
  }
  const std::string data_dir = flags.data_dir.empty() ? config->server.data_dir : flags.data_dir;
  std::vector<std::string> warnings;
  const Status status = Database::restore(flags.snapshot_dir, data_dir, config->database, flags.is_strict, &warnings);
  if (!status.is_ok()) return report_failure(status);
  for (const std::string& warning : warnings) std::fprintf(stderr, "tamis: warning: %s\n", warning.c_str());
  std::printf("restored %s to %s; checksums %s\n", flags.snapshot_dir.c_str(), data_dir.c_str(),
              warnings.empty() ? "and recorded answers agree" : "agree; see the warnings");
  return kExitOk;
}

}  // namespace

void add_restore_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App* command = app.add_subcommand("restore", "Make a data directory from a snapshot, checking every checksum");
  command->add_option("snapshot", flags->snapshot_dir, "The snapshot's directory")->required();
  command->add_option("-d,--data", flags->data_dir, "Data directory to make; must not exist or be empty");
  command->add_flag("--strict", flags->is_strict,
                    "Fail where settings that answers depend on, or recorded answers, differ; else they are warnings");
  add_config_flags(*command, &flags->config);
  command->callback([flags, exit_code] { *exit_code = restore(*flags); });
}

}  // namespace tamis::server
