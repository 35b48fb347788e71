// Transport: the bytes of one connection, in the clear or through TLS.
//
// Owned by its connection; used on its I/O thread only. Failures are error codes; close() ends pending operations.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <memory>
#include <string_view>

#include "server/http/asio.h"

namespace tamis::server {

class Transport {
 public:
  virtual ~Transport() = default;
  virtual asio::awaitable<error_code> handshake() = 0;
  // Reads at least one byte into [data, data + size); 0 with an error at the end.
  virtual asio::awaitable<std::size_t> read_some(char* data, std::size_t size, error_code& error) = 0;
  virtual asio::awaitable<error_code> write(std::string_view bytes) = 0;
  // Whether the peer may still be read after shut_down_writing(). TLS ends both ways at once.
  virtual bool can_half_close() const = 0;
  // No more will be written.
  virtual asio::awaitable<void> shut_down_writing() = 0;
  virtual void cancel() = 0;  // pending operations end with operation_aborted; the connection stays
  virtual void close() = 0;
};

std::unique_ptr<Transport> make_plain_transport(asio::ip::tcp::socket socket);
std::unique_ptr<Transport> make_tls_transport(asio::ip::tcp::socket socket,
                                              std::shared_ptr<asio::ssl::context> context);

}  // namespace tamis::server
