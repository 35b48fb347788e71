// The local commands of `tamis`: those that need no running server. Each adds itself to the CLI11 app; parsing runs it
// and leaves its exit code.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "server/config/config.h"

namespace CLI {
class App;
}

namespace tamis::server {

// What scripts can rely on; the remote commands keep to the same.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;       // the operation failed
inline constexpr int kExitUsage = 2;        // the command line or the configuration is wrong
inline constexpr int kExitUnavailable = 3;  // no server there, or busy past all retries

void add_serve_command(CLI::App& app, int* exit_code);
void add_config_command(CLI::App& app, int* exit_code);
void add_capacity_command(CLI::App& app, int* exit_code);
void add_version_command(CLI::App& app, int* exit_code);
void add_completion_command(CLI::App& app, int* exit_code);
void add_manual_command(CLI::App& app, int* exit_code);
void add_restore_command(CLI::App& app, int* exit_code);
void add_evaluate_command(CLI::App& app, int* exit_code);
void add_simulate_command(CLI::App& app, int* exit_code);
inline constexpr std::string_view kTrainWorkerCommand = "train-worker";
void add_train_worker_command(CLI::App& app, int* exit_code);

// The message with the field before it where it does not name it: "auth.keys: a key is malformed".
std::string with_field(const Status& status);

// Prints "tamis: <with_field(status)>" to standard error and gives the exit code that fits: usage for invalid_argument,
// unavailable for unavailable, else failed.
int report_failure(const Status& status);

// --config and --set, which several commands take.
struct ConfigFlags {
  std::string file;
  std::vector<std::string> settings;
};
void add_config_flags(CLI::App& command, ConfigFlags* flags);
Result<Config> load_config(const ConfigFlags& flags);

}  // namespace tamis::server
