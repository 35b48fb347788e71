#include "client/http/transport.h"

#include <chrono>
#include <thread>
#include <utility>

#include "common/clock.h"

namespace tamis::client {

bool is_refusal_to_retry(unsigned http_status) { return http_status == 429 || http_status == 503; }

void sleep_ms(std::int64_t milliseconds) { std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds)); }

Transport::Transport(Endpoint endpoint, TransportOptions options)
    : endpoint_(std::move(endpoint)),
      options_(std::move(options)),
      seed_(static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count())) {}

Transport::~Transport() = default;

Backoff Transport::backoff() { return Backoff(options_.retry, seed_.fetch_add(1)); }

Result<std::unique_ptr<Connection>> Transport::take_connection() {
  for (;;) {
    std::unique_ptr<Connection> connection;
    {
      const MutexLock lock(mutex_);
      if (idle_.empty()) break;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    if (connection->is_reusable()) return connection;
  }
  return Connection::open(endpoint_, options_.connection);
}

void Transport::give_back(std::unique_ptr<Connection> connection) {
  if (connection == nullptr || !connection->is_reusable()) return;
  const MutexLock lock(mutex_);
  if (idle_.size() < options_.max_idle_connections) idle_.push_back(std::move(connection));
}

Result<HttpResponse> Transport::send(const HttpRequest& request) {
  Backoff waits = backoff();
  const std::int64_t timeout_ms = request.timeout_ms > 0 ? request.timeout_ms : options_.request_timeout_ms;
  for (;;) {
    waits.count_attempt();
    bool may_repeat = true;  // no connection: nothing was sent
    Result<HttpResponse> response = Status::internal("no attempt was made");
    auto connection = take_connection();
    if (connection.is_ok()) {
      response = (*connection)->exchange(request, timeout_ms);
      may_repeat = request.repeatable;
      if (response.is_ok()) {
        give_back(std::move(connection).value());
        if (!is_refusal_to_retry(response->status)) return response;
      }
    } else {
      response = connection.status();
    }
    const bool is_transient = response.is_ok() || response.status().code() == StatusCode::kUnavailable;
    if (!may_repeat || !is_transient || !waits.has_attempts_left()) return response;
    sleep_ms(waits.next_wait_ms(response.is_ok() ? response->retry_after : "", Clock::system().now_ms()));
  }
}

}  // namespace tamis::client
