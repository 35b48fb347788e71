// Transport: requests to one server, with connections kept and failures retried.
//
// Thread-safe; calls block. A request is sent again (RetryPolicy) when no connection could be made and, where it is
// repeatable, when the connection broke and on 429 and 503, honouring Retry-After. Errors: those of Connection; an HTTP
// answer of any status is a success of the transport.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "client/http/connection.h"
#include "client/http/retry.h"
#include "common/mutex.h"

namespace tamis::client {

struct TransportOptions {
  ConnectionOptions connection;
  RetryPolicy retry;
  std::int64_t request_timeout_ms = 60'000;
  std::size_t max_idle_connections = 16;
};

class Transport {
 public:
  Transport(Endpoint endpoint, TransportOptions options);
  ~Transport();

  // The last answer or failure once the attempts are spent.
  Result<HttpResponse> send(const HttpRequest& request);

  // A connection that nobody else uses: an idle one or a new one. Give it back when done with it.
  Result<std::unique_ptr<Connection>> take_connection();
  void give_back(std::unique_ptr<Connection> connection);

  // A schedule of waits for a caller who retries by itself.
  Backoff backoff();

  const Endpoint& endpoint() const { return endpoint_; }
  const TransportOptions& options() const { return options_; }

 private:
  const Endpoint endpoint_;
  const TransportOptions options_;
  std::atomic<std::uint64_t> seed_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ TAMIS_GUARDED_BY(mutex_);
};

// 429, 503: busy, recovering or shutting down; worth another try.
bool is_refusal_to_retry(unsigned http_status);
void sleep_ms(std::int64_t milliseconds);

}  // namespace tamis::client
