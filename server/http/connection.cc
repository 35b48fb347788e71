#include "server/http/connection.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "server/app/app.h"
#include "server/http/http_facts.h"
#include "server/metrics/metrics.h"

namespace tamis::server {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::size_t kStreamReadBytes = 256 << 10;
constexpr std::size_t kLeastCompressedBytes = 1'024;     // less fits into a packet anyway
constexpr std::uint64_t kDiscardedBodyBytes = 64 << 10;  // more than that is not worth keeping a connection for
constexpr std::size_t kKeptOutputBytes = 256 << 10;
constexpr std::int64_t kLongestFarewellMs = 2'000;  // for a peer to close, once it has its answer
constexpr std::int64_t kShutdownFarewellMs = 200;
constexpr std::int64_t kLongestDiscardMs = 10'000;  // for the rest of a body that was refused

bool is_unfinished(const error_code& error) { return error == boost::beast::http::error::need_more; }

}  // namespace

Connection::Connection(Front& front, TimerWheel& wheel, LoopLoad& load, std::unique_ptr<Transport> transport,
                       std::string remote, std::uint64_t seed)
    : Exchange(*front.app),
      TimerWheel::Entry(wheel),
      front_(front),
      load_(load),
      transport_(std::move(transport)),
      remote_(std::move(remote)),
      random_(seed),
      body_hold_(*front.app->request_bodies) {}

Connection::~Connection() {
  if (holds_request_) app_.requests.fetch_sub(1, std::memory_order_relaxed);
  app_.connections.fetch_sub(1, std::memory_order_relaxed);
}

// --- time ---

milliseconds Connection::time_left() const {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline_ - Clock::now());
  return std::max(left, milliseconds(1));
}

void Connection::enter(Phase phase) {
  phase_ = phase;
  const ServerSettings& settings = *app_.settings;
  switch (phase) {
    case Phase::kIdle: set_deadline(milliseconds(settings.idle_timeout_ms)); break;
    case Phase::kReading: {
      milliseconds limit(settings.read_timeout_ms);
      if (parser_ && parser_->is_header_done() && !is_deadline_lifted_) limit = std::min(limit, time_left());
      set_deadline(limit);
      break;
    }
    case Phase::kHandling:
      if (is_deadline_lifted_) {
        clear_deadline();
      } else {
        set_deadline(time_left());
      }
      break;
    case Phase::kWriting: set_deadline(milliseconds(settings.read_timeout_ms)); break;
  }
}

void Connection::on_expire() {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kReading:
      has_timed_out_ = true;
      transport_->cancel();
      break;
    case Phase::kHandling:
      interrupt_.fire(Status::unavailable("the request was not answered within " +
                                          std::to_string(app_.settings->request_timeout_ms) +
                                          " ms; a write among it may still take effect"));
      break;
    case Phase::kWriting: transport_->close(); break;
  }
}

void Connection::drain() {
  if (phase_ == Phase::kIdle) transport_->cancel();
  if (std::exchange(is_lingering_, false)) set_deadline(milliseconds(kShutdownFarewellMs));
}

void Connection::cut() {
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kReading: transport_->cancel(); break;
    case Phase::kHandling:
      interrupt_.fire(Status::unavailable("the server is shutting down; a write among it may still take effect"));
      break;
    case Phase::kWriting: transport_->close(); break;
  }
}

bool Connection::should_end() const { return is_broken_ || app_.is_draining.load(std::memory_order_relaxed); }

void Connection::lift_deadline() {
  is_deadline_lifted_ = true;
  enter(phase_);
}

// --- the connection ---

asio::awaitable<void> Connection::run() {
  enter(Phase::kReading);
  if (const error_code failure = co_await transport_->handshake(); failure) co_return;
  while (!should_end()) {
    enter(Phase::kIdle);
    std::optional<Problem> problem;
    if (!co_await read_header(&problem)) break;
    Response response;
    if (problem) {
      response = to_response(*problem, request_);
      response.close = true;
    } else {
      response = co_await answer();
      co_await discard_body();
    }
    response.close = response.close || request_.wants_close || !parser_->is_done() || should_end();
    release_body();
    if (holds_request_) {  // before its client can know of the answer and ask again
      holds_request_ = false;
      app_.requests.fetch_sub(1, std::memory_order_relaxed);
    }
    const bool was_sent = co_await send(response);
    record(response);
    if (!was_sent) co_return;
    if (response.close) {
      co_await close_gently();
      co_return;
    }
  }
}

// Says that nothing more comes, then reads for a while what the peer is still sending: closing at once would reset the
// connection, and the peer could lose the response. A body that was refused is read to its end, within bounds: many
// clients look for the answer only when they have sent it all.
asio::awaitable<void> Connection::close_gently() {
  enter(Phase::kReading);
  const bool is_body_coming = !parser_->is_done() && !is_awaiting_continue();
  const std::int64_t longest_ms = should_end()     ? kShutdownFarewellMs
                                  : is_body_coming ? kLongestDiscardMs
                                                   : kLongestFarewellMs;
  is_lingering_ = true;
  set_deadline(milliseconds(std::min(longest_ms, app_.settings->read_timeout_ms)));
  if (transport_->can_half_close()) co_await transport_->shut_down_writing();
  if (transport_->can_half_close() || is_body_coming) {
    const std::uint64_t most = 2 * app_.settings->max_body_bytes + (1U << 20U);
    std::array<char, kReadBytes> sink;
    error_code error;
    std::uint64_t discarded = 0;
    while (!error && discarded < most) discarded += co_await transport_->read_some(sink.data(), sink.size(), error);
  }
  if (!transport_->can_half_close()) co_await transport_->shut_down_writing();
}

asio::awaitable<bool> Connection::read_more(std::size_t want) {
  const auto space = input_.prepare(want);
  error_code error;
  const std::size_t count = co_await transport_->read_some(static_cast<char*>(space.data()), space.size(), error);
  input_.commit(count);
  co_return !error;
}

// --- the header ---

std::optional<Problem> Connection::parse_header() {
  error_code error;
  const std::size_t used = parser_->put(input_.data(), error);
  input_.consume(used);
  header_bytes_ += used;
  if (parser_->is_header_done()) return std::nullopt;
  if (error == boost::beast::http::error::bad_version)
    return http_problem(505, "the request's HTTP version is not known; expected HTTP/1.1 or HTTP/1.0");
  const bool is_too_long = header_bytes_ + input_.size() > app_.settings->max_header_bytes;
  if (is_too_long || error == boost::beast::http::error::header_limit) {
    if (request_.method.empty()) return http_problem(414, "the request line is too long");
    return http_problem(431, "the header is longer than " + std::to_string(app_.settings->max_header_bytes) + " bytes");
  }
  if (error && !is_unfinished(error)) return http_problem(400, "the request is not valid HTTP: " + error.message());
  return std::nullopt;
}

asio::awaitable<bool> Connection::read_header(std::optional<Problem>* problem) {
  request_ = Request{};
  request_.remote = remote_;
  part_.clear();
  parser_.emplace(&request_, &part_);
  parser_->header_limit(static_cast<std::uint32_t>(app_.settings->max_header_bytes));
  endpoint_ = nullptr;
  is_deadline_lifted_ = false;
  has_continued_ = false;
  has_timed_out_ = false;
  header_bytes_ = received_bytes_ = sent_bytes_ = 0;
  decoder_ = nullptr;
  coded_ = {};
  may_decode_more_ = false;
  is_cross_origin_ = false;
  while (true) {
    while (header_bytes_ == 0 && input_.size() > 0) {  // RFC 9112 2.2: empty lines before a request line are ignored
      const char first = *static_cast<const char*>(input_.data().data());
      if (first != '\r' && first != '\n') break;
      input_.consume(1);
    }
    if (input_.size() > 0) {
      if (phase_ == Phase::kIdle) enter(Phase::kReading);  // from the first byte on, a whole header must come in time
      *problem = parse_header();
      if (*problem || parser_->is_header_done()) break;
    }
    if (!co_await read_more(kReadBytes)) {
      const bool has_begun = header_bytes_ + input_.size() > 0;
      if (!has_begun || !has_timed_out_) co_return false;
      *problem =
          http_problem(408, "the header did not come within " + std::to_string(app_.settings->read_timeout_ms) + " ms");
      app_.metrics->on_refused("timeout");
      break;
    }
  }
  started_ = Clock::now();
  deadline_ = started_ + milliseconds(app_.settings->request_timeout_ms);
  if (request_.id.empty()) request_.id = make_request_id();
  if (!*problem) *problem = check_header();
  if (*problem) app_.metrics->on_refused("malformed");
  co_return true;
}

std::optional<Problem> Connection::check_header() const {
  if (request_.target.size() > app_.settings->max_uri_bytes) {
    return http_problem(414,
                        "the request target is longer than " + std::to_string(app_.settings->max_uri_bytes) + " bytes");
  }
  if (request_.host_count > 1 || (request_.host_count == 0 && request_.version >= 11))
    return http_problem(400, "the request has " + std::to_string(request_.host_count) + " Host fields; expected one");
  if (!request_.repeated_field.empty())
    return http_problem(400, "the request has " + request_.repeated_field + " more than once; expected one");
  if (request_.is_target_malformed)
    return http_problem(400, "the request target is neither a path nor an http or https URL with a host");
  if (auto problem = check_framing()) return problem;
  for (const std::string& expectation : request_.expectations) {
    if (!boost::beast::iequals(expectation, "100-continue"))
      return http_problem(417, "the expectation is not known; expected 100-continue");
  }
  for (const std::string& coding : request_.content_codings) {
    if (!parse_coding(coding) || request_.content_codings.size() > 1) {
      return http_problem(
          415, "the body's content encoding is \"" + coding.substr(0, 64) + "\"; expected one of gzip, zstd, or none");
    }
  }
  return std::nullopt;
}

// Where the body ends (RFC 9112 section 6). Whoever stands before this server must not be able to see it elsewhere, so
// whatever is in doubt is refused, and the connection closed.
std::optional<Problem> Connection::check_framing() const {
  if (!request_.has_transfer_encoding) return std::nullopt;
  if (parser_->content_length().has_value())
    return http_problem(400, "the request has both Content-Length and Transfer-Encoding; expected one");
  if (request_.version < 11)
    return http_problem(400, "the request is of HTTP/1.0 and has Transfer-Encoding; expected Content-Length");
  const std::vector<std::string>& codings = request_.transfer_codings;
  const bool is_known = std::all_of(codings.begin(), codings.end(),
                                    [](const std::string& coding) { return boost::beast::iequals(coding, "chunked"); });
  if (!is_known) return http_problem(501, "the transfer encoding is not known; expected chunked");
  if (codings.size() != 1 || !parser_->chunked())
    return http_problem(400, "Transfer-Encoding is malformed; expected chunked, once");
  return std::nullopt;
}

// --- the request ---

asio::awaitable<Response> Connection::answer() {
  is_cross_origin_ = !request_.origin.empty() && front_.access.get()->allows_origin(request_.origin);
  if (auto preflight = answer_preflight()) co_return std::move(*preflight);
  Response refusal;
  if (const auto problem = admit(&refusal)) {
    Response response = to_response(*problem, request_);
    for (auto& header : refusal.headers) response.headers.push_back(std::move(header));
    co_return response;
  }
  is_deadline_lifted_ = endpoint_->takes_long;
  if (!request_.content_codings.empty()) {
    const ContentCoding coding = *parse_coding(request_.content_codings.front());
    if (coding != ContentCoding::kIdentity) decoder_ = ContentDecoder::create(coding);
  }
  if (endpoint_->body == BodyMode::kWhole) {
    const Status status = co_await read_whole();
    if (!status.is_ok()) co_return to_response(body_problem_, request_);
  }
  enter(Phase::kHandling);
  std::string failure;
  try {
    co_return co_await endpoint_->handler(*this);
  } catch (const std::exception& thrown) {
    failure = thrown.what();
  }
  app_.logger->error("a handler failed", {{"route", endpoint_->path}, {"what", failure}, {"request_id", request_.id}});
  co_return to_response(http_problem(500, "a defect of the server; its log has more under the request id"), request_);
}

// --- the body ---

Status Connection::fail_body(Problem problem) {
  body_problem_ = std::move(problem);
  return Status::invalid_argument(body_problem_.detail);
}

asio::awaitable<Result<std::string_view>> Connection::read_part() {
  if (!decoder_) co_return co_await read_coded_part();
  decoded_.clear();
  while (decoded_.empty()) {
    bool is_end = false;
    if (coded_.empty() && !may_decode_more_) {
      const auto part = co_await read_coded_part();
      if (!part.is_ok()) co_return part.status();
      coded_ = *part;
      is_end = coded_.empty();
    }
    const std::string name(coding_name(*parse_coding(request_.content_codings.front())));
    if (const Status status = decoder_->decode(&coded_, kStreamReadBytes, &decoded_); !status.is_ok())
      co_return fail_body(http_problem(400, "the body is not valid " + name + ": " + status.message()));
    may_decode_more_ = decoded_.size() == kStreamReadBytes;
    if (!is_end || !decoded_.empty()) continue;
    if (!decoder_->is_whole()) co_return fail_body(http_problem(400, "the body's " + name + " stream is cut short"));
    break;
  }
  co_return std::string_view(decoded_);
}

asio::awaitable<Result<std::string_view>> Connection::read_coded_part() {
  part_.clear();
  parser_->eager(true);
  while (part_.empty() && !parser_->is_done()) {
    if (is_awaiting_continue()) {
      has_continued_ = true;
      enter(Phase::kWriting);
      const error_code failure = co_await transport_->write("HTTP/1.1 100 Continue\r\n\r\n");
      if (failure) is_broken_ = true;
    }
    error_code error;
    std::size_t used = 0;
    if (input_.size() > 0) {
      used = parser_->put(input_.data(), error);
      input_.consume(used);
      if (error && !is_unfinished(error)) {
        is_broken_ = false;
        co_return fail_body(http_problem(400, "the body's chunks are malformed: " + error.message()));
      }
    }
    if (!part_.empty() || parser_->is_done() || used > 0) continue;
    if (input_.size() > app_.settings->max_header_bytes)
      co_return fail_body(http_problem(400, "a chunk's header is too long"));
    enter(Phase::kReading);
    if (!co_await read_more(is_deadline_lifted_ ? kStreamReadBytes : kReadBytes)) {
      if (has_timed_out_) {
        app_.metrics->on_refused("timeout");
        co_return fail_body(http_problem(408, "the body stopped coming"));
      }
      is_broken_ = true;
      co_return fail_body(http_problem(400, "the connection ended inside the body"));
    }
  }
  received_bytes_ += part_.size();
  enter(Phase::kHandling);
  co_return std::string_view(part_);
}

Status Connection::refuse_body(const Status& no_room) {
  app_.metrics->on_refused("memory");
  release_body();
  return fail_body(problem_of(no_room));
}

void Connection::release_body() {
  std::string().swap(request_.body);
  body_hold_.shrink_to(0);
}

asio::awaitable<Status> Connection::read_whole() {
  const std::uint64_t limit = app_.settings->max_body_bytes;
  const Problem too_large = http_problem(
      413, "the body is longer than " + std::to_string(limit) + " bytes; NDJSON streams have no such limit");
  request_.body.clear();
  if (const auto length = parser_->content_length()) {
    if (*length > limit) co_return fail_body(too_large);
    // Only what has come is held: a client that sends nothing must not keep the room from others.
    if (const Status room = app_.request_bodies->check(*length); !room.is_ok()) co_return refuse_body(room);
    if (!decoder_) request_.body.reserve(*length);
  }
  while (true) {
    auto part = co_await read_part();
    if (!part.is_ok()) co_return part.status();
    if (part->empty()) co_return Status::ok();
    if (request_.body.size() + part->size() > limit) co_return fail_body(too_large);
    if (const Status room = body_hold_.grow(part->size()); !room.is_ok()) co_return refuse_body(room);
    request_.body.append(*part);
  }
}

// Reads what the handler left of a small body, so that the connection can go on.
asio::awaitable<void> Connection::discard_body() {
  const auto left = parser_->is_done() ? 0 : parser_->content_length_remaining().value_or(kDiscardedBodyBytes + 1);
  if (left == 0 || left > kDiscardedBodyBytes || is_awaiting_continue() || has_timed_out_ || is_broken_) co_return;
  while (!parser_->is_done()) {
    const auto part = co_await read_coded_part();
    if (!part.is_ok()) co_return;
  }
}

// --- the response ---

std::string Connection::make_request_id() {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(random_()));
  return text.data();
}

void Connection::append_head(const Response& response, bool is_streamed) {
  const auto add = [this](std::string_view name, std::string_view value) {
    output_.append(name).append(": ").append(value).append("\r\n");
  };
  output_.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
  output_.append(reason_phrase(response.status)).append("\r\n");
  add("Date", http_date());
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  if (!is_streamed) {
    if (response.status != 204 && response.status != 304) add("Content-Length", std::to_string(response.body.size()));
  } else if (request_.version >= 11) {
    add("Transfer-Encoding", "chunked");
  }
  add("X-Request-Id", request_.id);
  add("X-Content-Type-Options", "nosniff");
  for (const auto& [name, value] : response.headers) add(name, value);
  if (is_cross_origin_) {
    add("Access-Control-Allow-Origin", request_.origin);
    add("Access-Control-Expose-Headers", "ETag, Location, Retry-After, Server-Timing, X-Request-Id");
    add("Vary", "Origin");
  }
  std::array<char, 48> total{};
  std::snprintf(total.data(), total.size(), "total;dur=%.3f",
                std::chrono::duration<double, std::milli>(Clock::now() - started_).count());
  add("Server-Timing", total.data());
  if (response.close) {
    add("Connection", "close");
  } else if (request_.version == 10) {
    add("Connection", "keep-alive");
  }
  output_.append("\r\n");
}

// What is worth it, and was not compressed by its handler.
void Connection::compress(Response* response) const {
  if (response->body.size() < kLeastCompressedBytes || request_.verb == Verb::head) return;
  const bool has_varied = std::any_of(response->headers.begin(), response->headers.end(),
                                      [](const auto& header) { return header.first == "Vary"; });
  if (has_varied) return;
  response->headers.emplace_back("Vary", "Accept-Encoding");
  const ContentCoding coding = choose_coding(request_.accepted_codings);
  if (coding == ContentCoding::kIdentity) return;
  response->body = encode(coding, response->body);
  response->headers.emplace_back("Content-Encoding", coding_name(coding));
}

asio::awaitable<bool> Connection::send(Response& response) {
  if (!response.is_streamed) compress(&response);
  output_.clear();
  if (response.is_streamed) {
    if (request_.version >= 11 && request_.verb != Verb::head) output_ = "0\r\n\r\n";
  } else {
    append_head(response, false);
    if (request_.verb != Verb::head) output_.append(response.body);
    sent_bytes_ += response.body.size();
  }
  enter(Phase::kWriting);
  const error_code failure = co_await transport_->write(output_);
  if (output_.capacity() > kKeptOutputBytes) std::string().swap(output_);
  co_return !failure && !is_broken_;
}

asio::awaitable<bool> Connection::begin_stream(std::string_view content_type) {
  Response head{.content_type = std::string(content_type), .close = request_.wants_close || request_.version < 11};
  head.headers.emplace_back("Cache-Control", "no-store");
  output_.clear();
  append_head(head, true);
  enter(Phase::kWriting);
  if (const error_code failure = co_await transport_->write(output_); failure) is_broken_ = true;
  enter(Phase::kHandling);
  co_return !is_broken_ && request_.verb != Verb::head;
}

asio::awaitable<bool> Connection::send_part(std::string_view bytes) {
  if (bytes.empty()) co_return !is_broken_;
  output_.clear();
  const bool is_chunked = request_.version >= 11;
  if (is_chunked) {
    std::array<char, 24> size{};
    std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
    output_.append(size.data());
  }
  output_.append(bytes);
  if (is_chunked) output_.append("\r\n");
  sent_bytes_ += bytes.size();
  enter(Phase::kWriting);
  if (const error_code failure = co_await transport_->write(output_); failure) is_broken_ = true;
  enter(Phase::kHandling);
  co_return !is_broken_;
}

void Connection::record(const Response& response) {
  const auto took = Clock::now() - started_;
  app_.metrics->on_request(endpoint_ == nullptr ? front_.unmatched : endpoint_->metrics, response.status,
                           std::chrono::duration<double>(took).count(), received_bytes_, sent_bytes_);
  if (!app_.logger->logs_access(response.status)) return;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  app_.logger->access(access_line(request_, endpoint_ == nullptr ? std::string_view("-") : endpoint_->path,
                                  response.status, static_cast<std::uint64_t>(microseconds), sent_bytes_));
}

AccessLine access_line(const Request& request, std::string_view route, unsigned status, std::uint64_t microseconds,
                       std::uint64_t response_bytes) {
  return {.method = request.method,
          .route = route,
          .path = request.path,
          .status = status,
          .microseconds = microseconds,
          .response_bytes = response_bytes,
          .remote = request.remote,
          .key_name = request.key_name,
          .request_id = request.id};
}

}  // namespace tamis::server
