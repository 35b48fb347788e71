#include "client/http/connection.h"

#include <openssl/ssl.h>

#include <array>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <optional>
#include <type_traits>

namespace tamis::client {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TlsStream = asio::ssl::stream<Tcp::socket>;
using Deadline = std::chrono::steady_clock::time_point;

Deadline deadline_in(std::int64_t timeout_ms) {
  return std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
}

std::string head_text(const HttpRequest& request, const Endpoint& endpoint, const ConnectionOptions& options,
                      bool chunked) {
  std::string head = request.method + " " + endpoint.base + request.target +
                     " HTTP/1.1\r\nHost: " + endpoint.authority() + "\r\nUser-Agent: " + options.user_agent +
                     "\r\nAccept: application/json, application/problem+json\r\n";
  if (!options.authorization.empty()) head += "Authorization: " + options.authorization + "\r\n";
  for (const auto& [name, value] : request.headers) head += name + ": " + value + "\r\n";
  if (chunked || !request.body.empty()) head += "Content-Type: " + request.content_type + "\r\n";
  if (chunked) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (!request.body.empty() || request.method != "GET") {
    head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  return head + "\r\n";
}

// Everything runs on the caller's thread: an operation is started, and the io_context run until it is done or its
// deadline passes. The response is read from the moment that the request begins, so that an early refusal is seen.
template <typename Stream>
class BeastConnection final : public Connection {
 public:
  BeastConnection(const Endpoint& endpoint, const ConnectionOptions& options)
      : endpoint_(endpoint), options_(options), tls_(asio::ssl::context::tls_client), stream_(make_stream()) {}

  ~BeastConnection() override { abandon(); }

  Status connect() {
    const auto refuse = [&](std::string_view reason) {
      abandon();
      return Status::unavailable("cannot connect to " + endpoint_.label + ": " + std::string(reason));
    };
    Tcp::resolver resolver(io_);
    std::optional<error_code> resolved;
    Tcp::resolver::results_type addresses;
    resolver.async_resolve(endpoint_.host, endpoint_.port, [&](error_code error, Tcp::resolver::results_type found) {
      resolved = error;
      addresses = std::move(found);
    });
    if (!run_until([&] { return resolved.has_value(); }, deadline_in(options_.connect_timeout_ms))) {
      resolver.cancel();
      drain();
      return refuse("the name lookup timed out");
    }
    if (*resolved) return refuse(resolved->message());

    std::optional<error_code> connected;
    asio::async_connect(socket(), addresses, [&](error_code error, const Tcp::endpoint&) { connected = error; });
    if (!run_until([&] { return connected.has_value(); }, deadline_in(options_.connect_timeout_ms))) {
      return refuse("no answer within " + std::to_string(options_.connect_timeout_ms) + " ms");
    }
    if (*connected) return refuse(connected->message());
    error_code ignored;  // only latency is at stake
    socket().set_option(Tcp::no_delay(true), ignored);

    if constexpr (std::is_same_v<Stream, TlsStream>) {
      if (options_.verify_peer) {
        stream_.set_verify_mode(asio::ssl::verify_peer);
        stream_.set_verify_callback(asio::ssl::host_name_verification(endpoint_.host));
      }
      SSL_set_tlsext_host_name(stream_.native_handle(), endpoint_.host.c_str());
      std::optional<error_code> shaken;
      stream_.async_handshake(asio::ssl::stream_base::client, [&](error_code error) { shaken = error; });
      if (!run_until([&] { return shaken.has_value(); }, deadline_in(options_.connect_timeout_ms))) {
        return refuse("the TLS handshake timed out");
      }
      if (*shaken) return refuse("TLS: " + shaken->message());
    }
    return Status::ok();
  }

  // The TLS context's files are read once, before connect().
  Status load_trust() {
    if (!endpoint_.tls) return Status::ok();
    error_code error;
    if (options_.ca_file.empty()) {
      tls_.set_default_verify_paths(error);
    } else {
      tls_.load_verify_file(options_.ca_file, error);
    }
    if (error) return Status::invalid_argument("cannot read certificates: " + error.message()).at_field("ca_file");
    return Status::ok();
  }

  Result<HttpResponse> exchange(const HttpRequest& request, std::int64_t timeout_ms) override {
    const Deadline deadline = deadline_in(timeout_ms);
    start_response();
    TAMIS_ASSIGN_OR_RETURN(const bool sent,
                           send(head_text(request, endpoint_, options_, false), request.body, deadline));
    (void)sent;  // a server that answers early is heard all the same
    return await_response(deadline);
  }

  Status begin_upload(const HttpRequest& head, std::int64_t timeout_ms) override {
    start_response();
    TAMIS_ASSIGN_OR_RETURN(const bool sent,
                           send(head_text(head, endpoint_, options_, true), {}, deadline_in(timeout_ms)));
    (void)sent;  // the next chunk finds out
    return Status::ok();
  }

  Result<bool> write_chunk(std::string_view bytes, std::int64_t timeout_ms) override {
    if (bytes.empty()) return !received_.has_value();  // an empty chunk would end the body
    char size_line[24];
    std::snprintf(size_line, sizeof size_line, "%zx\r\n", bytes.size());
    chunk_.assign(size_line);
    chunk_.append(bytes);
    chunk_ += "\r\n";
    return send({}, chunk_, deadline_in(timeout_ms));
  }

  Result<HttpResponse> finish_upload(std::int64_t timeout_ms) override {
    const Deadline deadline = deadline_in(timeout_ms);
    TAMIS_ASSIGN_OR_RETURN(const bool sent, send("0\r\n\r\n", {}, deadline));
    (void)sent;
    return await_response(deadline);
  }

  bool is_reusable() override {
    if (!reusable_ || !socket().is_open()) return false;
    error_code error;
    char byte;
    socket().non_blocking(true, error);
    const std::size_t available = socket().receive(asio::buffer(&byte, 1), Tcp::socket::message_peek, error);
    return available == 0 && error == asio::error::would_block;
  }

 private:
  Stream make_stream() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return TlsStream(io_, tls_);
    } else {
      return Tcp::socket(io_);
    }
  }

  Tcp::socket& socket() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  template <typename Condition>
  bool run_until(Condition condition, Deadline deadline) {
    io_.restart();
    while (!condition()) {
      if (io_.run_one_until(deadline) == 0) return condition();
    }
    return true;
  }

  // Ends what is in flight, so that no handler outlives what it refers to.
  void abandon() {
    reusable_ = false;
    error_code ignored;  // closing is all that is left to do
    socket().close(ignored);
    drain();
  }

  void drain() {
    io_.restart();
    io_.run();
  }

  void start_response() {
    reusable_ = false;
    received_.reset();
    parser_.emplace();
    parser_->body_limit(options_.max_response_bytes);
    http::async_read(stream_, buffer_, *parser_, [this](error_code error, std::size_t) { received_ = error; });
  }

  // True when all is written; false where the response came first.
  Result<bool> send(std::string_view head, std::string_view body, Deadline deadline) {
    if (received_.has_value() || write_failed_) return false;
    const std::string head_copy(head);
    const std::array<asio::const_buffer, 2> parts = {asio::buffer(head_copy), asio::buffer(body.data(), body.size())};
    std::optional<error_code> written;
    asio::async_write(stream_, parts, [&](error_code error, std::size_t) { written = error; });
    if (!run_until([&] { return written.has_value() || received_.has_value(); }, deadline)) {
      abandon();
      return Status::unavailable(endpoint_.label + " did not take the request in time");
    }
    if (!written.has_value()) {  // answered early: the rest of the body has no reader
      error_code ignored;
      socket().cancel(ignored);
      drain();
      write_failed_ = true;
      return false;
    }
    write_failed_ = static_cast<bool>(*written);  // the reason may be in the response that await_response() finds
    return !write_failed_;
  }

  Result<HttpResponse> await_response(Deadline deadline) {
    if (!run_until([&] { return received_.has_value(); }, deadline)) {
      abandon();
      return Status::unavailable("no answer from " + endpoint_.label + " in time");
    }
    const error_code error = *received_;
    if (error) {
      abandon();
      if (error == http::error::body_limit) {
        return Status::internal("the answer of " + endpoint_.label + " is longer than " +
                                std::to_string(options_.max_response_bytes) + " bytes");
      }
      if (error.category() == http::make_error_code(http::error::bad_version).category() &&
          error != http::error::end_of_stream && error != http::error::partial_message) {
        return Status::internal("the answer of " + endpoint_.label + " is not HTTP: " + error.message());
      }
      return Status::unavailable("the connection to " + endpoint_.label + " broke: " + error.message());
    }
    auto& message = parser_->get();
    HttpResponse response;
    response.status = message.result_int();
    response.content_type = std::string(message[http::field::content_type]);
    response.retry_after = std::string(message[http::field::retry_after]);
    response.request_id = std::string(message["X-Request-Id"]);
    response.body = std::move(message.body());
    reusable_ = parser_->keep_alive() && !write_failed_;
    return response;
  }

  const Endpoint endpoint_;
  const ConnectionOptions options_;
  asio::io_context io_{1};
  asio::ssl::context tls_;
  Stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::response_parser<http::string_body>> parser_;
  std::optional<error_code> received_;  // the response's end, once there
  bool write_failed_ = false;
  bool reusable_ = false;
  std::string chunk_;
};

template <typename Stream>
Result<std::unique_ptr<Connection>> open_as(const Endpoint& endpoint, const ConnectionOptions& options) {
  auto connection = std::make_unique<BeastConnection<Stream>>(endpoint, options);
  TAMIS_RETURN_IF_ERROR(connection->load_trust());
  TAMIS_RETURN_IF_ERROR(connection->connect());
  return std::unique_ptr<Connection>(std::move(connection));
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const Endpoint& endpoint, const ConnectionOptions& options) {
  try {
    return endpoint.tls ? open_as<TlsStream>(endpoint, options) : open_as<Tcp::socket>(endpoint, options);
  } catch (const std::exception& error) {  // Asio throws where the system is out of descriptors
    return Status::unavailable("cannot connect to " + endpoint.label + ": " + error.what());
  }
}

}  // namespace tamis::client
