// The command line's remote commands: import, export, train, recommend, similar, stats, snapshot.
#pragma once

#include <string>

namespace CLI {
class App;
}

namespace tamis::client {

// What scripts can rely on.
inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;       // the server refused, rows were bad under --on-error fail, a job failed
inline constexpr int kExitUsage = 2;        // the command line or a mapping file is wrong
inline constexpr int kExitUnavailable = 3;  // no connection, or busy past all retries
inline constexpr int kExitInterrupted = 130;

// Prints what is wrong with the call of `command`; kExitUsage.
int usage_error(const char* command, const std::string& message);

// Adds the commands to `app`. Parsing runs the one that was named, prints to standard output and error, and leaves its
// exit code in `*exit_code`, which outlives the parsing.
void register_commands(CLI::App& app, int* exit_code);

}  // namespace tamis::client
