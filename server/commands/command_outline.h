// What the command line consists of, read from the definitions that CLI11 parses by: for completion and the manual
// page.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace tamis::server {

struct OutlinedOption {
  std::vector<std::string> names;  // "--data", "-d"; empty: an argument by position
  std::string argument;            // its value's name; empty: a flag
  std::string description;
  std::string environment;  // the variable that stands for it; may be empty
};

struct OutlinedCommand {
  std::string name;
  std::string description;
  std::vector<OutlinedOption> options;
};

struct CommandOutline {
  std::string description;
  std::string footer;
  std::vector<OutlinedOption> options;    // of `tamis` itself
  std::vector<OutlinedCommand> commands;  // those that --help shows, in its order
};

// REQUIRES: all commands were added to `app`.
CommandOutline outline_commands(const CLI::App& app);

// A script for one shell that completes commands and options. REQUIRES: shell is one of kCompletedShells.
inline constexpr const char* kCompletedShells[] = {"bash", "zsh", "fish"};
std::string completion_script(const CommandOutline& outline, const std::string& shell);

// tamis(1) as man(7) source.
std::string manual_page(const CommandOutline& outline, const std::string& version);

}  // namespace tamis::server
