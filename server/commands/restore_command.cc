// tamis restore: a data directory from a snapshot.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/database.h"
#include "server/commands/commands.h"

namespace tamis::server {
namespace {

struct RestoreFlags {
  ConfigFlags config;
  std::string snapshot_dir;
  std::string data_dir;
};

int restore(const RestoreFlags& flags) {
  const auto config = load_config(flags.config);
  if (!config.is_ok()) return report_failure(config.status());
  const std::string data_dir = flags.data_dir.empty() ? config->server.data_dir : flags.data_dir;
  const Status status = Database::restore(flags.snapshot_dir, data_dir, config->database);
  if (!status.is_ok()) return report_failure(status);
  std::printf("restored %s to %s; checksums and recorded answers agree\n", flags.snapshot_dir.c_str(),
              data_dir.c_str());
  return kExitOk;
}

}  // namespace

void add_restore_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App* command = app.add_subcommand("restore", "Make a data directory from a snapshot, checking every checksum");
  command->add_option("snapshot", flags->snapshot_dir, "The snapshot's directory")->required();
  command->add_option("-d,--data", flags->data_dir, "Data directory to make; must not exist or be empty");
  add_config_flags(*command, &flags->config);
  command->callback([flags, exit_code] { *exit_code = restore(*flags); });
}

}  // namespace tamis::server
