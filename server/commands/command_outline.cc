#include "server/commands/command_outline.h"

#include <CLI/CLI.hpp>

namespace tamis::server {
namespace {

std::vector<OutlinedOption> outline_options(const CLI::App& command) {
  std::vector<OutlinedOption> all;
  for (const CLI::Option* option : command.get_options()) {
    OutlinedOption one;
    for (const std::string& name : option->get_lnames()) one.names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) one.names.push_back("-" + name);
    if (option->get_items_expected_max() != 0) {
      one.argument = option->get_positional() ? option->get_single_name() : option->get_type_name();
      if (one.argument.empty()) one.argument = "VALUE";
    }
    one.description = option->get_description();
    one.environment = option->get_envname();
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace

CommandOutline outline_commands(const CLI::App& app) {
  CommandOutline outline{.description = app.get_description(),
                         .footer = app.get_footer(),
                         .options = outline_options(app),
                         .commands = {}};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_group().empty()) continue;  // hidden
    outline.commands.push_back({command->get_name(), command->get_description(), outline_options(*command)});
  }
  return outline;
}

}  // namespace tamis::server
