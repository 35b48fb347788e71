#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "server/http/transport.h"

namespace tamis::server {
namespace {

using asio::ip::tcp;

class TlsTransport final : public Transport {
 public:
  TlsTransport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context)
      : context_(std::move(context)), stream_(std::move(socket), *context_) {
    error_code ignored;
    stream_.next_layer().set_option(tcp::no_delay(true), ignored);
  }

  asio::awaitable<error_code> handshake() override {
    const auto [failure] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kTuple);
    co_return failure;
  }

  asio::awaitable<std::size_t> read_some(char* data, std::size_t size, error_code& error) override {
    const auto [failure, count] = co_await stream_.async_read_some(asio::buffer(data, size), kTuple);
    error = failure;
    co_return count;
  }

  asio::awaitable<error_code> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto [failure, count] = co_await stream_.async_write_some(asio::buffer(bytes.data(), bytes.size()), kTuple);
      if (failure) co_return failure;
      bytes.remove_prefix(count);
    }
    co_return error_code();
  }

  bool can_half_close() const override { return false; }
  asio::awaitable<void> shut_down_writing() override { static_cast<void>(co_await stream_.async_shutdown(kTuple)); }

  void cancel() override {
    error_code ignored;
    stream_.next_layer().cancel(ignored);
  }

  void close() override {
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  std::shared_ptr<asio::ssl::context> context_;  // a reload may replace the server's
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

std::unique_ptr<Transport> make_tls_transport(tcp::socket socket, std::shared_ptr<asio::ssl::context> context) {
  return std::make_unique<TlsTransport>(std::move(socket), std::move(context));
}

}  // namespace tamis::server
