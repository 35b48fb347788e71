// IoThread: one io_context, the thread that runs it, and its connections.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <thread>
#include <unordered_set>

#include "server/http/connection.h"

namespace tamis::server {

class IoThread {
 public:
  IoThread(Front& front, std::uint64_t seed);
  ~IoThread();  // stop() first

  asio::io_context& context() { return context_; }
  void start();
  // Serves a connection; called on any thread.
  void serve(std::unique_ptr<Transport> transport, std::string remote);
  // Answers 503 without reading the request: too many connections are open. Called on any thread.
  void refuse(asio::ip::tcp::socket socket);
  // Closes the idle connections, the others when they have answered.
  void drain();
  // Ends what the connections wait for: requests are answered 503, what is read or written ends.
  void cut();
  // Ends the thread, whatever is in flight.
  void stop();

 private:
  asio::awaitable<void> run_refusal(std::shared_ptr<asio::ip::tcp::socket> socket);
  asio::awaitable<void> run_connection(std::unique_ptr<Transport> transport, std::string remote);

  void arm();

  // In this order: destroying the context ends what coroutines are left, and they leave the wheel and the set.
  Front& front_;
  TimerWheel wheel_;
  LoopLoad load_;
  Random random_;
  std::unordered_set<Connection*> connections_;  // I/O thread only
  std::size_t refusals_ = 0;                     // under way; I/O thread only
  asio::io_context context_{1};
  asio::steady_timer timer_{context_};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace tamis::server
