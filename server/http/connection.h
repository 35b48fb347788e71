// Connection: one client's connection, from handshake to close; its requests, one after the other.
//
// Reads with a loop of its own into one buffer, parses with Beast's parser, writes each response from one buffer.
// Pipelined requests wait in the read buffer. Lives on one I/O thread; owned by its coroutine.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "common/byte_budget.h"
#include "common/random.h"
#include "server/http/access.h"
#include "server/http/content_coding.h"
#include "server/http/exchange.h"
#include "server/http/loop_load.h"
#include "server/http/problem.h"
#include "server/http/request_parser.h"
#include "server/http/router.h"
#include "server/http/timer_wheel.h"
#include "server/http/transport.h"
#include "server/log/logger.h"

namespace tamis::server {

// The line that the access log writes for a request. It names the key and never shows it. REQUIRES: request and route
// outlive it.
AccessLine access_line(const Request& request, std::string_view route, unsigned status, std::uint64_t microseconds,
                       std::uint64_t response_bytes);

// What the connections of a server share, beside App.
struct Front {
  App* app = nullptr;
  Router router;
  AccessControl access;
  RateLimiter* rate = nullptr;
  EndpointMetrics* unmatched = nullptr;  // requests that reached no endpoint
};

class Connection final : public Exchange, private TimerWheel::Entry {
 public:
  Connection(Front& front, TimerWheel& wheel, LoopLoad& load, std::unique_ptr<Transport> transport, std::string remote,
             std::uint64_t seed);
  ~Connection() override;

  // Serves until either side closes.
  asio::awaitable<void> run();
  // Closes between requests; a request in flight is answered first.
  void drain();
  // Ends what it waits for at once: a request that is being handled is answered 503.
  void cut();

  asio::awaitable<Result<std::string_view>> read_part() override;
  asio::awaitable<Status> read_whole() override;
  const Problem& body_failure() const override { return body_problem_; }
  asio::awaitable<bool> begin_stream(std::string_view content_type) override;
  asio::awaitable<bool> send_part(std::string_view bytes) override;
  bool should_end() const override;
  void lift_deadline() override;

 private:
  enum class Phase { kIdle, kReading, kHandling, kWriting };
  using Clock = std::chrono::steady_clock;

  void on_expire() override;
  void enter(Phase phase);
  asio::awaitable<bool> read_more(std::size_t want);
  // The body as it was sent; read_part() gives it decoded.
  asio::awaitable<Result<std::string_view>> read_coded_part();
  // False where the connection has ended without a request; a problem where the header cannot be taken.
  asio::awaitable<bool> read_header(std::optional<Problem>* problem);
  std::optional<Problem> check_header() const;
  std::optional<Problem> check_framing() const;
  std::optional<Problem> parse_header();
  // What a browser asks before a web page of another origin may ask itself (Fetch standard, CORS-preflight).
  std::optional<Response> answer_preflight();
  // Finds the endpoint and checks the key, the rate and the load; adds headers that a refusal needs.
  std::optional<Problem> admit(Response* refusal);
  std::optional<Problem> check_origin(const Access& access) const;
  std::optional<Problem> check_key(const Access& access, Response* refusal);
  std::optional<Problem> check_rate();
  std::optional<Problem> check_load();
  asio::awaitable<Response> answer();
  asio::awaitable<bool> send(Response& response);
  asio::awaitable<void> close_gently();
  bool is_awaiting_continue() const { return request_.expects_continue && !has_continued_; }
  asio::awaitable<void> discard_body();
  Status fail_body(Problem problem);
  // There is no room for the body: lets go of what came of it.
  Status refuse_body(const Status& no_room);
  void release_body();
  std::chrono::milliseconds time_left() const;
  void append_head(const Response& response, bool is_streamed);
  void compress(Response* response) const;
  void record(const Response& response);
  std::string make_request_id();

  Front& front_;
  LoopLoad& load_;
  std::unique_ptr<Transport> transport_;
  std::string remote_;
  Random random_;
  Phase phase_ = Phase::kIdle;
  bool has_timed_out_ = false;
  bool is_broken_ = false;  // reading or writing failed
  bool is_deadline_lifted_ = false;
  bool is_lingering_ = false;   // it has said its last word and reads what the peer still sends
  bool has_continued_ = false;  // 100 was sent, or was not asked for
  Clock::time_point started_;
  Clock::time_point deadline_;

  boost::beast::flat_buffer input_;
  std::string output_;
  std::string part_;                         // body bytes parsed and not yet handed out
  std::unique_ptr<ContentDecoder> decoder_;  // of the body; null where it comes as it is
  std::string_view coded_;                   // of part_, not yet decoded
  std::string decoded_;
  bool may_decode_more_ = false;  // without further input
  std::optional<RequestParser> parser_;
  const Endpoint* endpoint_ = nullptr;
  std::string client_;  // whose rate is counted: the key's name or the address
  Problem body_problem_;
  std::uint64_t header_bytes_ = 0;
  std::uint64_t received_bytes_ = 0;
  std::uint64_t sent_bytes_ = 0;
  ByteHold body_hold_;  // of request_.body
  bool holds_request_ = false;
  bool is_cross_origin_ = false;  // it comes from a web page of another origin, which may ask
};

}  // namespace tamis::server
