// tamis serve: opens the database, serves it until a signal, closes it.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include "embeddings/endpoint_source.h"
#include "server/commands/commands.h"
#include "server/server.h"
#include "server/version.h"

namespace tamis::server {
namespace {

struct ServeFlags {
  ConfigFlags config;
  std::string data_dir;
  std::string host;
  std::string port;
};

// SIGTERM and SIGINT are waited for; a second one ends the process where it stands.
class StopSignal {
 public:
  StopSignal() : signals_(context_, SIGTERM, SIGINT) {}
  void wait() {
    signals_.async_wait([this](boost::system::error_code, int) { context_.stop(); });
    context_.run();
    std::signal(SIGTERM, SIG_DFL);
    std::signal(SIGINT, SIG_DFL);
  }

 private:
  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
};

void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

Status serve(Config config) {
  StopSignal stop;
  TAMIS_ASSIGN_OR_RETURN(const auto logger, Logger::open(config.server.log_level, config.server.log_access));
  logger->adopt_default_logger();
  Metrics metrics;
  config.database.observer = metrics.observer();
  config.database.training.worker_command = {"/proc/self/exe", std::string(kTrainWorkerCommand)};
  raise_file_limit();
  embeddings::place_cache(std::filesystem::path(config.server.data_dir) / "embeddings",
                          &config.database.training.settings);
  auto embedders = embeddings::open_text_embedders(config.database.training.settings);
  if (!embedders.is_ok())
    return Status(embedders.status()).at_field("training.settings.content." + embedders.status().field());
  config.database.text_embedders = std::move(*embedders);
  auto opened = Database::open(config.server.data_dir, config.database);
  if (!opened.is_ok()) return Status(opened.status()).with_context("cannot open " + config.server.data_dir);
  std::unique_ptr<Database> database = std::move(*opened);
  TAMIS_ASSIGN_OR_RETURN(const auto server, Server::start(database.get(), config.server, logger.get(), &metrics));
  const std::string port = std::to_string(server->port());
  logger->info("serving", {{"version", kVersion},
                           {"host", config.server.host},
                           {"port", port},
                           {"data_dir", config.server.data_dir},
                           {"durability", std::string(durability_name(config.database.storage.durability))}});
  logger->flush();
  stop.wait();
  logger->info("stopping", {{"drain_timeout_ms", std::to_string(config.server.drain_timeout_ms)}});
  if (!server->stop()) logger->warn("requests were cut off: the drain timeout passed");
  database.reset();
  logger->info("stopped");
  return Status::ok();
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
    Status status = config.is_ok() ? serve(std::move(*config)) : config.status();
    *exit_code = status.is_ok() ? kExitOk : report_failure(status);
  });
}

}  // namespace tamis::server
