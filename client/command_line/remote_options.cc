#include "client/command_line/remote_options.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "client/command_line/commands.h"

namespace tamis::client {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void on_signal(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

void add_remote_options(CLI::App* command, RemoteOptions* options, bool with_format) {
  command->add_option("--url", options->url, "The server")->envname("TAMIS_URL")->capture_default_str();
  command->add_option("--api-key", options->api_key, "Key to authenticate with")->envname("TAMIS_API_KEY");
  command->add_option("--ca-file", options->ca_file, "https: PEM file of certificates to trust")
      ->envname("TAMIS_CA_FILE")
      ->check(CLI::ExistingFile);
  command->add_flag("--insecure", options->insecure, "https: do not verify the server's certificate");
  command->add_option("--timeout", options->timeout_s, "Seconds that one request may take")
      ->check(CLI::Range(0.1, 86'400.0))
      ->capture_default_str();
  command->add_flag("-q,--quiet", options->quiet, "No progress");
  if (with_format) {
    command->add_option("--format", options->format, "table, for people, or json")
        ->check(CLI::IsMember({"table", "json"}))
        ->capture_default_str();
  }
}

Result<std::unique_ptr<Client>> connect(const RemoteOptions& options) {
  ClientOptions client;
  client.url = options.url;
  client.api_key = options.api_key;
  client.transport.connection.ca_file = options.ca_file;
  client.transport.connection.verify_peer = !options.insecure;
  client.transport.request_timeout_ms = static_cast<std::int64_t>(options.timeout_s * 1'000);
  client.transport.retry.max_attempts = options.attempts;
  return Client::create(client);
}

int report_failure(std::string_view what, const Status& status) {
  const std::string field = status.field().empty() ? "" : " (" + status.field() + ")";
  std::fprintf(stderr, "tamis: %s: %s%s\n", std::string(what).c_str(), status.message().c_str(), field.c_str());
  switch (status.code()) {
    case StatusCode::kOk: return kExitOk;
    case StatusCode::kUnavailable: return kExitUnavailable;
    default: return kExitFailed;
  }
}

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool InterruptGuard::is_interrupted() { return interrupted != 0; }

}  // namespace tamis::client
