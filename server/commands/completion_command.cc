// tamis completion: scripts for shells. tamis manual: the manual page. Both are made from what the program itself
// parses by.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "server/app/version.h"
#include "server/commands/command_outline.h"
#include "server/commands/commands.h"

namespace tamis::server {

void add_completion_command(CLI::App& app, int* exit_code) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that completes commands and options in a shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(std::begin(kCompletedShells), std::end(kCompletedShells))));
  command->callback([&app, shell, exit_code] {
    std::fputs(completion_script(outline_commands(app), *shell).c_str(), stdout);
    *exit_code = kExitOk;
  });
}

void add_manual_command(CLI::App& app, int* exit_code) {
  CLI::App* command = app.add_subcommand("manual", "Print the manual page, for man(1)");
  command->callback([&app, exit_code] {
    std::fputs(manual_page(outline_commands(app), kVersion).c_str(), stdout);
    *exit_code = kExitOk;
  });
}

}  // namespace tamis::server
