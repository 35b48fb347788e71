// Server: the HTTP face of one Database.
//
//   auto server = Server::start(database, settings, logger, metrics);
//   ... (*server)->port() ...
//   (*server)->stop();
//
// One I/O thread per core, each with its own io_context and timer wheel; connections are dealt out in turn.
// Thread-safe. Order of ending: stop(), then close the database or destroy the server, whichever comes first;
// destroying waits for what the database still owes an answer.
#pragma once

#include <cstdint>
#include <memory>

#include "common/status.h"
#include "engine/database.h"
#include "server/app/settings.h"
#include "server/log/logger.h"
#include "server/metrics/metrics.h"

namespace tamis::server {

class Server {
 public:
  // Binds and begins to serve. invalid_argument for settings that do not fit together: an address beyond loopback
  // without keys, a certificate without its key. io_error where it cannot bind or read a file.
  // REQUIRES: all four outlive the server, but for a database closed after stop().
  static Result<std::unique_ptr<Server>> start(Database* database, const ServerSettings& settings, Logger* logger,
                                               Metrics* metrics);
  // What start() would refuse of the settings themselves: host, keys, TLS files. It binds nothing.
  static Status check(const ServerSettings& settings);
  ~Server();

  std::uint16_t port() const;
  // /readyz answers 503, no connection is accepted, idle ones close, requests in flight are answered within
  // drain_timeout_ms; what is left then is cancelled and answered 503. False where that was so. Once it returns, the
  // server makes no further call of the database.
  bool stop();
  std::size_t queued_work() const;  // that waits for a worker
  // Takes keys and TLS files from `settings`, for the requests and the connections that follow; all else keeps. Where
  // it fails, nothing has changed. invalid_argument, io_error, failed_precondition (TLS on or off).
  Status reload(const ServerSettings& settings);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::server
