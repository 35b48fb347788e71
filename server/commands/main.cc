// `tamis`: the server and its command line, in one binary.
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "client/command_line/commands.h"
#include "server/app/version.h"
#include "server/commands/commands.h"

int main(int argc, char** argv) {
  spdlog::set_default_logger(spdlog::stderr_logger_mt("tamis"));  // standard output is the command's answer alone
  CLI::App app("Tamis, the recommendation database: one process, one data directory, HTTP in, ranked items out.",
               "tamis");
  app.set_version_flag("--version", tamis::server::kVersion);
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 the operation failed, 2 wrong usage or configuration, 3 no server or server busy,\n"
      "130 interrupted. `tamis COMMAND --help` tells more.");
  int exit_code = tamis::server::kExitOk;
  try {
    tamis::server::add_serve_command(app, &exit_code);
    tamis::client::register_commands(app, &exit_code);
    tamis::server::add_restore_command(app, &exit_code);
    tamis::server::add_evaluate_command(app, &exit_code);
    tamis::server::add_simulate_command(app, &exit_code);
    tamis::server::add_capacity_command(app, &exit_code);
    tamis::server::add_config_command(app, &exit_code);
    tamis::server::add_completion_command(app, &exit_code);
    tamis::server::add_manual_command(app, &exit_code);
    tamis::server::add_version_command(app, &exit_code);
    tamis::server::add_train_worker_command(app, &exit_code);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& failure) {
    return app.exit(failure) == 0 ? tamis::server::kExitOk : tamis::server::kExitUsage;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "tamis: %s\n", failure.what());
    return tamis::server::kExitFailed;
  }
  return exit_code;
}
