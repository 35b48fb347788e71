// TestServer: a real server on a free port over a FakeDatabase, and a raw socket to talk to it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "server/server.h"
#include "tests/server/fake_database.h"

namespace tamis::server {

struct HttpReply {
  int status = 0;
  std::string head;
  std::string body;
  bool has(std::string_view text) const { return body.find(text) != std::string::npos; }
  bool head_has(std::string_view text) const { return head.find(text) != std::string::npos; }
};

// A blocking TCP connection to 127.0.0.1.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    timeval patience{.tv_sec = 20, .tv_usec = 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_open_ = ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawClient() { ::close(socket_); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool is_open() const { return is_open_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }
  // True where the peer has closed.
  bool read_end() {
    char byte = 0;
    return buffer_.empty() && ::recv(socket_, &byte, 1, 0) <= 0;
  }
  // One response, by its Content-Length or its chunks; status 0 where none came.
  HttpReply read_reply(bool has_body = true) {
    HttpReply reply;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return reply;
    }
    reply.head = buffer_.substr(0, end + 2);
    buffer_.erase(0, end + 4);
    reply.status = std::atoi(reply.head.c_str() + 9);
    if (!has_body || reply.status == 100 || reply.status == 204) return reply;
    const std::size_t length_at = reply.head.find("Content-Length: ");
    if (length_at != std::string::npos) {
      const auto length = static_cast<std::size_t>(std::atoll(reply.head.c_str() + length_at + 16));
      while (buffer_.size() < length && fill()) {
      }
      reply.body = buffer_.substr(0, length);
      buffer_.erase(0, length);
      return reply;
    }
    while (buffer_.find("0\r\n\r\n") == std::string::npos && fill()) {
    }
    reply.body.swap(buffer_);
    return reply;
  }
  bool fill() {
    char bytes[65'536];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return true;
  }
  const std::string& buffered() const { return buffer_; }

 private:
  int socket_;
  bool is_open_ = false;
  std::string buffer_;
};

inline std::string request_text(std::string_view method, std::string_view target, std::string_view body = {},
                                std::string_view headers = {}) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text.append("\r\n").append(body);
}

using Clock = std::chrono::steady_clock;

// One chunk of a chunked body.
inline std::string chunk(std::string_view bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

inline constexpr std::string_view kNdjsonHead =
    "POST /v1/interactions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
    "Transfer-Encoding: chunked\r\n\r\n";

// Until `holds`, within 20 s.
template <typename Holds>
bool eventually(const Holds& holds) {
  const auto deadline = Clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// A batch that takes as long as a thousand queries.
inline std::string thousand_users() {
  std::string users;
  for (int i = 0; i < 1'000; ++i) users += (i > 0 ? ",\"u" : "\"u") + std::to_string(i) + "\"";
  return R"({"users":[)" + users + "]}";
}

class TestServer {
 public:
  explicit TestServer(ServerSettings settings = {}) : logger_(*Logger::open("error", "none")) {
    settings.port = 0;
    settings.io_threads = 2;
    auto started = Server::start(&database, settings, logger_.get(), &metrics);
    status = started.is_ok() ? Status::ok() : started.status();
    if (started.is_ok()) server = std::move(*started);
  }
  ~TestServer() {
    if (server) server->stop();
  }
  HttpReply call(std::string_view method, std::string_view target, std::string_view body = {},
                 std::string_view headers = {}) {
    RawClient client(server->port());
    client.send(request_text(method, target, body, headers));
    return client.read_reply(method != "HEAD");
  }

  FakeDatabase database;
  Metrics metrics;
  Status status;

 private:
  std::unique_ptr<Logger> logger_;

 public:
  std::unique_ptr<Server> server;
};

}  // namespace tamis::server
