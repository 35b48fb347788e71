#include "server/watch.h"

#include <csignal>
#include <utility>

namespace tamis::server {

using boost::system::error_code;

Watch::Watch() : stop_(context_, SIGTERM, SIGINT), reload_signal_(context_, SIGHUP), look_(context_) {}

Status Watch::run(Database* database, std::function<void()> reload) {
  reload_ = std::move(reload);
  stop_.async_wait([this](error_code error, int) {
    if (!error) context_.stop();
  });
  await_reload();
  look_at(database);
  context_.run();
  stop_.cancel();  // the default is in force again; SIGHUP stays without effect
  stop_.clear();
  return outcome_;
}

void Watch::await_reload() {
  reload_signal_.async_wait([this](error_code error, int) {
    if (error) return;
    reload_();
    await_reload();
  });
}

void Watch::look_at(Database* database) {
  const Status status = database->wait_ready(std::chrono::milliseconds(0));
  if (!status.is_ok() && status.code() != StatusCode::kUnavailable) {
    outcome_ = status;
    return context_.stop();
  }
  look_.expires_after(kLookPeriod);
  look_.async_wait([this, database](error_code error) {
    if (!error) look_at(database);
  });
}

}  // namespace tamis::server
