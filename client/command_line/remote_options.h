// RemoteOptions: what every remote command takes: the server, the key, the form of the output.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "client/client.h"

namespace CLI {
class App;
}

namespace tamis::client {

struct RemoteOptions {
  std::string url = "http://127.0.0.1:8080";
  std::string api_key;
  std::string ca_file;
  bool insecure = false;
  double timeout_s = 60;
  std::uint32_t attempts = 5;    // of one request; no flag of its own
  std::string format = "table";  // or "json"
  bool quiet = false;

  bool is_json() const { return format == "json"; }
};

// --url, --api-key, --ca-file, --insecure, --timeout, --quiet, with their environment variables; --format where
// `with_format`.
void add_remote_options(CLI::App* command, RemoteOptions* options, bool with_format);

Result<std::unique_ptr<Client>> connect(const RemoteOptions& options);

// Prints "tamis: <what>: <message>" to standard error and returns the exit code for it.
int report_failure(std::string_view what, const Status& status);

// Ctrl-C and SIGTERM set a flag instead of ending the process while one of these lives. A second one ends it.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
  static bool is_interrupted();
};

}  // namespace tamis::client
