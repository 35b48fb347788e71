// tamis serve: opens the database, serves it until a signal, closes it.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "embeddings/endpoint_source.h"
#include "server/app/version.h"
#include "server/commands/commands.h"
#include "server/server.h"
#include "server/watch.h"

namespace tamis::server {
namespace {

struct ServeFlags {
  ConfigFlags config;
  std::string data_dir;
  std::string host;
  std::string port;
};

void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

// A data directory that cannot be served is no wrong usage, whatever in it is invalid.
Status of_directory(const Status& status, const std::string& dir) {
  Status told = status.code() == StatusCode::kInvalidArgument ? Status::corruption(status.message()) : status;
  return std::move(told).with_context("cannot open " + dir);
}

void reload(const ConfigFlags& flags, Server* server, Logger* logger) {
  const auto config = load_config(flags);
  const Status status = config.is_ok() ? server->reload(config->server) : config.status();
  if (status.is_ok()) {
    logger->info("reloaded keys and certificates; other settings are read at a start");
  } else {
    logger->error("the reload failed; keys and certificates stay as they were", {{"reason", with_field(status)}});
  }
  logger->flush();
}

Status serve(const ConfigFlags& flags, Config config) {
  Watch watch;
  TAMIS_ASSIGN_OR_RETURN(const auto logger, Logger::open(config.server.log_level, config.server.log_access));
  logger->adopt_default_logger();
  for (const std::string& warning : config.warnings) logger->warn(warning);
  Metrics metrics;
  config.database.observer = metrics.observer();
  config.database.training.worker_command = {"/proc/self/exe", std::string(kTrainWorkerCommand)};
  raise_file_limit();
  const std::string& dir = config.server.data_dir;
  embeddings::place_cache(std::filesystem::path(dir) / "embeddings", &config.database.training.settings);
  TAMIS_ASSIGN_OR_RETURN(config.database.text_embedders,
                         embeddings::open_text_embedders(config.database.training.settings));
  auto opened = Database::open(dir, config.database);
  if (!opened.is_ok()) return of_directory(opened.status(), dir);
  std::unique_ptr<Database> database = std::move(*opened);
  TAMIS_ASSIGN_OR_RETURN(const auto server, Server::start(database.get(), config.server, logger.get(), &metrics));
  logger->info("serving", {{"version", kVersion},
                           {"host", config.server.host},
                           {"port", std::to_string(server->port())},
                           {"data_dir", dir},
                           {"durability", std::string(durability_name(config.database.storage.durability))}});
  logger->flush();
  const Status outcome = watch.run(database.get(), [&] { reload(flags, server.get(), logger.get()); });
  if (!outcome.is_ok()) logger->error("the database cannot be served", {{"reason", outcome.to_string()}});
  logger->info("stopping", {{"drain_timeout_ms", std::to_string(config.server.drain_timeout_ms)}});
  if (!server->stop()) logger->warn("requests were cut off: the drain timeout passed");
  database.reset();
  logger->info("stopped");
  return outcome.is_ok() ? outcome : of_directory(outcome, dir);
}

}  // namespace

void add_serve_command(CLI::App& app, int* exit_code) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand("serve", "Serve a data directory over HTTP until SIGTERM or SIGINT");
  command->add_option("-d,--data", flags->data_dir, "Data directory (server.data_dir)");
  command->add_option("--host", flags->host, "Address to listen on (server.host)");
  command->add_option("-p,--port", flags->port, "Port to listen on (server.port); 0 takes any free one");
  add_config_flags(*command, &flags->config);
  command->footer("Example:\n  tamis serve --data /var/lib/tamis --port 8080 --set storage.durability=interval");
  command->callback([flags, exit_code] {
    ConfigFlags config_flags = flags->config;
    if (!flags->data_dir.empty()) config_flags.settings.push_back("server.data_dir=" + flags->data_dir);
    if (!flags->host.empty()) config_flags.settings.push_back("server.host=" + flags->host);
    if (!flags->port.empty()) config_flags.settings.push_back("server.port=" + flags->port);
    auto config = load_config(config_flags);
    if (const Status checked = config.is_ok() ? check_config(*config) : config.status(); !checked.is_ok()) {
      report_failure(checked);
      *exit_code = kExitUsage;
      return;
    }
    const Status status = serve(config_flags, std::move(*config));
    *exit_code = status.is_ok() ? kExitOk : report_failure(status);
  });
}

}  // namespace tamis::server
