#include "server/http/exchange.h"

#include "server/app/app.h"

namespace tamis::server {

const Cancellation* Exchange::shutdown() const { return &app_.shutdown; }

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
  co_return co_await await_result<WriteAck>(interrupt_, std::move(start));
}

}  // namespace tamis::server
