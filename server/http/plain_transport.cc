#include <boost/asio/buffer.hpp>

#include "server/http/transport.h"

namespace tamis::server {
namespace {

using asio::ip::tcp;

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(tcp::socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.set_option(tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
  }

  asio::awaitable<error_code> handshake() override { co_return error_code(); }

  asio::awaitable<std::size_t> read_some(char* data, std::size_t size, error_code& error) override {
    const auto [failure, count] = co_await socket_.async_read_some(asio::buffer(data, size), kTuple);
    error = failure;
    co_return count;
  }

  // Writes at once what the socket takes, which is nearly always everything: no trip through the reactor.
  asio::awaitable<error_code> write(std::string_view bytes) override {
    while (!bytes.empty()) {
      error_code error;
      const std::size_t count = socket_.write_some(asio::buffer(bytes.data(), bytes.size()), error);
      bytes.remove_prefix(count);
      if (error == asio::error::would_block) {
        const auto [failure] = co_await socket_.async_wait(tcp::socket::wait_write, kTuple);
        error = failure;
      }
      if (error) co_return error;
    }
    co_return error_code();
  }

  bool can_half_close() const override { return true; }
  asio::awaitable<void> shut_down_writing() override {
    error_code ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    co_return;
  }

  void cancel() override {
    error_code ignored;
    socket_.cancel(ignored);
  }

  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  tcp::socket socket_;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(tcp::socket socket) {
  return std::make_unique<PlainTransport>(std::move(socket));
}

}  // namespace tamis::server
