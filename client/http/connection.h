// Connection: one HTTP/1.1 connection, over TCP or TLS, with a deadline on every step.
//
// Externally synchronised: one request at a time. Errors: unavailable where the server cannot be reached, the
// connection breaks or a deadline passes; internal where what comes back is not HTTP. After an error the connection is
// spent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "client/http/endpoint.h"
#include "client/http/message.h"
#include "common/status.h"

namespace tamis::client {

struct ConnectionOptions {
  std::int64_t connect_timeout_ms = 5'000;          // name lookup, TCP and TLS handshake each
  std::uint64_t max_response_bytes = 256ull << 20;  // a longer body is an error
  bool verify_peer = true;                          // TLS: check the certificate's chain and host name
  std::string ca_file;                              // TLS: PEM file to trust instead of the system's store
  std::string authorization;                        // the Authorization header; empty for none
  std::string user_agent = "tamis";
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const Endpoint& endpoint, const ConnectionOptions& options);
  virtual ~Connection() = default;

  // Sends and waits for the whole response, `timeout_ms` at most in all.
  virtual Result<HttpResponse> exchange(const HttpRequest& request, std::int64_t timeout_ms) = 0;

  // A request whose body follows in pieces (chunked transfer). A server that answers before the end of the body ends
  // the upload: write_chunk() then returns false and finish_upload() the early answer. `timeout_ms` bounds each step.
  virtual Status begin_upload(const HttpRequest& head, std::int64_t timeout_ms) = 0;
  virtual Result<bool> write_chunk(std::string_view bytes, std::int64_t timeout_ms) = 0;
  virtual Result<HttpResponse> finish_upload(std::int64_t timeout_ms) = 0;

  // False once the server has closed it, or asked to.
  virtual bool is_reusable() = 0;
};

}  // namespace tamis::client
