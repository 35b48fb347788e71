#include "misbehaving_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <sstream>

namespace tamis::client {
namespace {

// Bytes of one connection, read as they are needed.
class Input {
 public:
  explicit Input(int socket) : socket_(socket) {}
  bool fill() {
    char buffer[16'384];
    const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    bytes_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  std::optional<std::string> until(const std::string& mark) {
    std::size_t at;
    while ((at = bytes_.find(mark)) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    std::string text = bytes_.substr(0, at);
    bytes_.erase(0, at + mark.size());
    return text;
  }
  std::optional<std::string> take(std::size_t count) {
    while (bytes_.size() < count) {
      if (!fill()) return std::nullopt;
    }
    std::string text = bytes_.substr(0, count);
    bytes_.erase(0, count);
    return text;
  }

 private:
  const int socket_;
  std::string bytes_;
};

SeenRequest parse_head(const std::string& head) {
  SeenRequest request;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  std::istringstream first(line);
  first >> request.method >> request.target;
  while (std::getline(lines, line)) {
    if (line.ends_with('\r')) line.pop_back();
    const auto colon = line.find(": ");
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    request.headers[name] = line.substr(colon + 2);
  }
  request.chunked = request.headers.contains("transfer-encoding");
  return request;
}

// False where the connection ended within the body.
bool read_body(Input* input, SeenRequest* request, std::size_t early_bytes) {
  if (!request->chunked) {
    const auto length = request->headers.find("content-length");
    if (length == request->headers.end()) return true;
    auto body = input->take(std::stoul(length->second));
    if (!body) return false;
    request->body = std::move(*body);
    return true;
  }
  for (;;) {
    const auto size_line = input->until("\r\n");
    if (!size_line) return false;
    const std::size_t size = std::stoul(*size_line, nullptr, 16);
    const auto chunk = input->take(size + 2);
    if (!chunk) return false;
    request->body += chunk->substr(0, size);
    if (size == 0 || (early_bytes > 0 && request->body.size() >= early_bytes)) return true;
  }
}

}  // namespace

MisbehavingServer::MisbehavingServer(Handler handler) : handler_(std::move(handler)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(listener_, 16) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("the test server cannot listen");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_loop(); });
}

MisbehavingServer::~MisbehavingServer() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
  ::close(listener_);
}

std::string MisbehavingServer::url() const { return "http://127.0.0.1:" + std::to_string(port_); }

std::vector<SeenRequest> MisbehavingServer::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

void MisbehavingServer::accept_loop() {
  for (int number = 0; !stopping_; ++number) {
    const int socket = ::accept(listener_, nullptr, nullptr);
    if (socket < 0) return;
    const MutexLock lock(mutex_);
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number] { serve(socket, number); });
  }
}

void MisbehavingServer::serve(int socket, int number) {
  Input input(socket);
  while (!stopping_) {
    const auto head = input.until("\r\n\r\n");
    if (!head) break;
    SeenRequest request = parse_head(*head);
    request.connection = number;
    if (!read_body(&input, &request, early_bytes_)) break;
    int count = 0;
    {
      const MutexLock lock(mutex_);
      count = static_cast<int>(requests_.size());
      requests_.push_back(request);
    }
    const ServerAction action = handler_(request, count);
    for (int waited = 0; waited < action.delay_ms && !stopping_; waited += 10) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    if (!action.bytes.empty()) (void)!::send(socket, action.bytes.data(), action.bytes.size(), MSG_NOSIGNAL);
    if (action.close) break;
  }
  const MutexLock lock(mutex_);
  sockets_.erase(std::find(sockets_.begin(), sockets_.end(), socket));
  ::close(socket);
}

std::string http_answer(int status, const std::string& body, const std::string& extra_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" + extra_headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace tamis::client
