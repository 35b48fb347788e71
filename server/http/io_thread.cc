#include "server/http/io_thread.h"

#include <pthread.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "server/app.h"

namespace tamis::server {

IoThread::IoThread(Front& front, std::uint64_t seed) : front_(front), random_(seed), work_(context_.get_executor()) {}

IoThread::~IoThread() { stop(); }

void IoThread::arm() {
  timer_.expires_after(TimerWheel::kTick);
  timer_.async_wait([this](error_code error) {
    if (error) return;
    wheel_.tick();
    arm();
  });
}

void IoThread::start() {
  arm();
  thread_ = std::thread([this] { context_.run(); });
  pthread_setname_np(thread_.native_handle(), "tamis-io");
}

void IoThread::serve(std::unique_ptr<Transport> transport, std::string remote) {
  asio::co_spawn(context_, run_connection(std::move(transport), std::move(remote)), asio::detached);
}

asio::awaitable<void> IoThread::run_connection(std::unique_ptr<Transport> transport, std::string remote) {
  Connection connection(front_, wheel_, std::move(transport), std::move(remote), random_());
  connections_.insert(&connection);
  try {
    co_await connection.run();
  } catch (const std::exception& failure) {
    front_.app->logger->error("a connection failed", {{"what", failure.what()}});
  }
  connections_.erase(&connection);
}

void IoThread::drain() {
  asio::post(context_, [this] {
    for (Connection* connection : connections_) connection->drain();
  });
}

void IoThread::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace tamis::server
