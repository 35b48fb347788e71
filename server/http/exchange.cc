#include "server/http/exchange.h"

#include <boost/asio/steady_timer.hpp>

#include "server/app/app.h"

namespace tamis::server {

const Cancellation* Exchange::shutdown() const { return &app_.shutdown; }

WorkerPool& Exchange::query_workers() { return *app_.query_workers; }

asio::awaitable<Status> Exchange::await_visible(Sequence sequence, std::int64_t timeout_ms) {
  Database* database = app_.database;
  if (sequence <= database->sequence() || timeout_ms < 0 || timeout_ms > kMaxVisibleWaitMs) co_return Status::ok();
  asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(timeout_ms));
  std::shared_ptr<const void> wait;
  std::function<void(std::function<void(Result<bool>)>)> start = [&](std::function<void(Result<bool>)> done) {
    wait = database->when_visible(sequence, [done] { done(true); });
    timer.async_wait([done, database, sequence](error_code aborted) {
      if (aborted) return;
      done(Status::unavailable("sequence " + std::to_string(sequence) + " is not visible yet; the last one is " +
                               std::to_string(database->sequence()))
               .at_field("min_seq"));
    });
  };
  const Result<bool> visible = co_await await_result<bool>(interrupt_, std::move(start));
  co_return visible.status();
}

namespace {

// The database numbers the mutations of a write; the body's own array has no name: "mutations[1].item" is "[1].item".
Status at_row_of_body(Status status) {
  constexpr std::string_view kMutations = "mutations";
  if (!status.field().starts_with("mutations[")) return status;
  std::string field = status.field().substr(kMutations.size());
  const std::size_t dot = field.find('.');
  const std::string row = field.substr(0, dot);
  const std::string within = dot == std::string::npos ? "" : field.substr(dot + 1);
  const bool is_named = !within.empty() && status.message().starts_with(within);
  std::string message = row + (is_named ? "." : ": ") + status.message();
  return Status(status.code(), std::move(message)).at_field(std::move(field));
}

}  // namespace

asio::awaitable<Result<WriteAck>> Exchange::write(std::vector<Mutation> mutations, WriteOptions options) {
  std::function<void(std::function<void(Result<WriteAck>)>)> start =
      [this, &mutations, &options](std::function<void(Result<WriteAck>)> done) {
        app_.writes.fetch_add(1);
        app_.database->write_async(std::move(mutations), options,
                                   [&writes = app_.writes, done = std::move(done)](Result<WriteAck> ack) {
                                     done(std::move(ack));
                                     writes.fetch_sub(1);
                                   });
      };
  Result<WriteAck> ack = co_await await_result<WriteAck>(interrupt_, std::move(start));
  if (!ack.is_ok()) co_return at_row_of_body(ack.status());
  co_return ack;
}

}  // namespace tamis::server
