// How an exchange waits for another thread's answer. Included by exchange.h.
#pragma once

#include <boost/asio/post.hpp>
#include <exception>
#include <optional>
#include <utility>

#include "server/http/exchange.h"

namespace tamis::server {

// Calls start(done); waits until `done`, callable once from any thread, brings the result, or `interrupt` fires.
// An interrupt also cancels `work`, which may be null.
template <typename T>
asio::awaitable<Result<T>> await_result(WaitInterrupt& interrupt,
                                        std::function<void(std::function<void(Result<T>)>)> start,
                                        std::shared_ptr<Cancellation> work = nullptr) {
  const auto executor = co_await asio::this_coro::executor;
  auto initiate = [&interrupt, &executor, &start, &work](auto handler) {
    // Touched on the I/O thread only; shared with whoever comes first, the answer or the interrupt.
    auto waiting = std::make_shared<std::optional<decltype(handler)>>(std::move(handler));
    auto resume = [waiting](Result<T> result) {
      if (!*waiting) return;
      auto resumed = std::move(**waiting);
      waiting->reset();
      std::move(resumed)(std::move(result));
    };
    interrupt.arm([resume, work](Status status) {
      if (work) work->cancel();
      resume(Result<T>(std::move(status)));
    });
    start([executor, resume](Result<T> result) {
      asio::post(executor, [resume, result = std::move(result)]() mutable { resume(std::move(result)); });
    });
  };
  Result<T> result =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(initiate, asio::use_awaitable);
  interrupt.disarm();
  co_return result;
}

template <typename T>
asio::awaitable<Result<T>> Exchange::offload(WorkerPool& pool, std::function<Result<T>()> work) {
  auto cancellation = std::make_shared<Cancellation>(shutdown());
  std::function<void(std::function<void(Result<T>)>)> start = [&](std::function<void(Result<T>)> done) {
    const bool is_queued = pool.try_submit([work = std::move(work), done, cancellation] {
      if (cancellation->is_cancelled()) return done(Status::unavailable("the request ended before its work began"));
      const CancellationScope scope(cancellation.get());
      try {
        done(work());
      } catch (const std::exception& failure) {  // out of memory, in the main
        done(Status::internal(failure.what()));
      }
    });
    if (!is_queued) done(Status::unavailable("the server is busy: its queue of background work is full"));
  };
  co_return co_await await_result<T>(interrupt_, std::move(start), cancellation);
}

template <typename T>
asio::awaitable<Result<T>> Exchange::query(bool is_light, std::function<Result<T>()> work) {
  if (is_light) co_return work();
  co_return co_await offload<T>(query_workers(), std::move(work));
}

}  // namespace tamis::server
