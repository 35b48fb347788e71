#include "server/http/io_thread.h"

#include <pthread.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "server/app/app.h"

namespace tamis::server {
namespace {

constexpr std::size_t kMaxRefusals = 256;  // at once; beyond it connections are closed without a word
constexpr std::chrono::milliseconds kRefusalPatience(1'000);

}  // namespace

IoThread::IoThread(Front& front, std::uint64_t seed) : front_(front), random_(seed), work_(context_.get_executor()) {}

IoThread::~IoThread() { stop(); }

void IoThread::arm() {
  timer_.expires_after(TimerWheel::kTick);
  load_.on_tick(timer_.expiry());
  timer_.async_wait([this](error_code error) {
    if (error) return;
    wheel_.tick();
    arm();
  });
}

void IoThread::start() {
  arm();
  thread_ = std::thread([this] {
    const CancellationScope scope(&front_.app->shutdown);  // for queries that are answered here
    context_.run();
  });
  pthread_setname_np(thread_.native_handle(), "tamis-io");
}

void IoThread::serve(std::unique_ptr<Transport> transport, std::string remote) {
  asio::co_spawn(context_, run_connection(std::move(transport), std::move(remote)), asio::detached);
}

asio::awaitable<void> IoThread::run_connection(std::unique_ptr<Transport> transport, std::string remote) {
  Connection connection(front_, wheel_, load_, std::move(transport), std::move(remote), random_());
  connections_.insert(&connection);
  try {
    co_await connection.run();
  } catch (const std::exception& failure) {
    front_.app->logger->error("a connection failed", {{"what", failure.what()}});
  }
  connections_.erase(&connection);
}

void IoThread::refuse(asio::ip::tcp::socket socket) {
  auto shared = std::make_shared<asio::ip::tcp::socket>(std::move(socket));
  asio::post(context_, [this, shared = std::move(shared)] {
    if (refusals_ < kMaxRefusals) asio::co_spawn(context_, run_refusal(shared), asio::detached);
  });
}

// What the peer has sent is read for a moment: closing at once would reset the connection, and the answer be lost.
asio::awaitable<void> IoThread::run_refusal(std::shared_ptr<asio::ip::tcp::socket> socket) {
  ++refusals_;
  const Response response = to_response(http_problem(503, "too many connections are open"), Request{});
  const std::string answer =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: " + response.content_type +
      "\r\nRetry-After: 1\r\nConnection: close\r\nContent-Length: " + std::to_string(response.body.size()) +
      "\r\n\r\n" + response.body;
  asio::steady_timer patience(context_, kRefusalPatience);
  patience.async_wait([socket](error_code error) {
    error_code ignored;
    if (!error) socket->cancel(ignored);
  });
  error_code error;
  socket->write_some(asio::buffer(answer), error);  // the buffer of a new socket takes it whole
  if (!error) socket->shutdown(asio::ip::tcp::socket::shutdown_send, error);
  std::array<char, 4'096> sink;
  while (!error) {
    const auto [failure, count] = co_await socket->async_read_some(asio::buffer(sink), kTuple);
    error = failure;
  }
  --refusals_;
}

void IoThread::drain() {
  asio::post(context_, [this] {
    for (Connection* connection : connections_) connection->drain();
  });
}

void IoThread::cut() {
  asio::post(context_, [this] {
    for (Connection* connection : connections_) connection->cut();
  });
}

void IoThread::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tamis::server
