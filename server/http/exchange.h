// Exchange: one request being answered: what a handler has in hand. Used on the connection's I/O thread only.
//
// A handler is a coroutine Exchange& -> Response. Work that blocks or takes long leaves the I/O thread by offload();
// writes by write(). Both end with unavailable at the request's deadline. Offloaded work is then cancelled and ends at
// its next check_cancelled(); a write goes on. What work captures must therefore be its own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/cancellation.h"
#include "engine/database.h"
#include "server/app/worker_pool.h"
#include "server/http/asio.h"
#include "server/http/problem.h"
#include "server/http/request.h"

namespace tamis::server {

struct App;

// Ends a wait from the outside: at the request's deadline, or when the connection dies. I/O thread only.
class WaitInterrupt {
 public:
  void arm(std::function<void(Status)> interrupt) { interrupt_ = std::move(interrupt); }
  void disarm() { interrupt_ = nullptr; }
  // True where something was waiting.
  bool fire(Status status) {
    if (!interrupt_) return false;
    const auto interrupt = std::move(interrupt_);
    interrupt_ = nullptr;
    interrupt(std::move(status));
    return true;
  }

 private:
  std::function<void(Status)> interrupt_;
};

inline constexpr std::int64_t kDefaultVisibleWaitMs = 1'000;
inline constexpr std::int64_t kMaxVisibleWaitMs = 10'000;

class Exchange {
 public:
  explicit Exchange(App& app) : app_(app) {}
  virtual ~Exchange() = default;

  App& app() { return app_; }
  const Request& request() const { return request_; }
  // The body, which the request has no more afterwards: for work that takes it elsewhere.
  std::string take_body() { return std::exchange(request_.body, {}); }
  // The decoded {..} segments of the path, in order.
  const std::string& parameter(std::size_t index) const { return parameters_[index]; }

  // The next bytes of a streamed body, valid until the next call; empty at its end.
  virtual asio::awaitable<Result<std::string_view>> read_part() = 0;
  // What remains of the body, into request().body. Fails beyond the limit for whole bodies.
  virtual asio::awaitable<Status> read_whole() = 0;
  // What to answer after a failed read_part() or read_whole(): 400, 408 or 413.
  virtual const Problem& body_failure() const = 0;

  // Sends a head for a body of unknown length, then its parts. False once the peer is gone.
  virtual asio::awaitable<bool> begin_stream(std::string_view content_type) = 0;
  virtual asio::awaitable<bool> send_part(std::string_view bytes) = 0;
  // True from the moment the server begins to shut down, or the peer is gone.
  virtual bool should_end() const = 0;
  // From now on only reads and writes are timed, not the whole exchange.
  virtual void lift_deadline() = 0;

  WaitInterrupt& interrupt() { return interrupt_; }
  // Waits, without a thread, until the write `sequence` is visible; unavailable at "min_seq" after `timeout_ms`. A
  // timeout out of range is not waited for: the query refuses it.
  asio::awaitable<Status> await_visible(Sequence sequence, std::int64_t timeout_ms = kDefaultVisibleWaitMs);
  asio::awaitable<Result<WriteAck>> write(std::vector<Mutation> mutations, WriteOptions options);
  // A query: here on the I/O thread where it is light, else on the pool of heavy queries.
  template <typename T>
  asio::awaitable<Result<T>> query(bool is_light, std::function<Result<T>()> work);
  // Runs `work` on `pool`, inside of a CancellationScope; unavailable where its queue is full.
  template <typename T>
  asio::awaitable<Result<T>> offload(WorkerPool& pool, std::function<Result<T>()> work);

 private:
  const Cancellation* shutdown() const;  // cancels all that is offloaded
  WorkerPool& query_workers();

 protected:
  App& app_;
  Request request_;
  std::vector<std::string> parameters_;
  WaitInterrupt interrupt_;
};

using Handler = asio::awaitable<Response> (*)(Exchange&);

}  // namespace tamis::server

#include "server/http/exchange_wait.h"
