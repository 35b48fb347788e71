// Watch: what may happen to a server while it serves. SIGTERM and SIGINT end it, SIGHUP reloads, and a database whose
// recovery fails ends it, too: nothing would ever be answered.
//
// Signals are taken from construction on, so that one that comes while the database opens is not lost. One a process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>

#include "common/status.h"
#include "engine/database.h"

namespace tamis::server {

class Watch {
 public:
  Watch();

  // Until the end: ok after a signal; else why the database cannot be served. A second signal to end then ends the
  // process where it stands. `reload` is called on this thread.
  Status run(Database* database, std::function<void()> reload);

 private:
  void await_reload();
  void look_at(Database* database);

  static constexpr std::chrono::milliseconds kLookPeriod{100};
  boost::asio::io_context context_{1};
  boost::asio::signal_set stop_;
  boost::asio::signal_set reload_signal_;
  boost::asio::steady_timer look_;
  std::function<void()> reload_;
  Status outcome_;
};

}  // namespace tamis::server
