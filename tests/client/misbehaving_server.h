// A small real HTTP server that does what it is told, good or bad: for tests of the client.
//
// Each accepted request is recorded and answered by the handler; the answer is raw bytes, so that a test may break off,
// stall or say nonsense. One thread per connection.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/mutex.h"

namespace tamis::client {

struct SeenRequest {
  std::string method;
  std::string target;
  std::map<std::string, std::string> headers;  // lower case names
  std::string body;                            // chunks joined
  bool chunked = false;
  int connection = 0;  // the how manieth
};

struct ServerAction {
  std::string bytes;   // written as they are
  bool close = false;  // after the bytes
  int delay_ms = 0;    // before them
};

class MisbehavingServer {
 public:
  using Handler = std::function<ServerAction(const SeenRequest&, int number)>;  // number: from 0

  explicit MisbehavingServer(Handler handler);
  ~MisbehavingServer();

  std::string url() const;
  std::vector<SeenRequest> requests() const;

  // Answer the request when this many bytes of its body have come, without reading on.
  void answer_early_after(std::size_t body_bytes) { early_bytes_ = body_bytes; }

 private:
  void accept_loop();
  void serve(int socket, int number);

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> early_bytes_{0};
  std::thread acceptor_;
  mutable Mutex mutex_;
  std::vector<std::thread> threads_ TAMIS_GUARDED_BY(mutex_);
  std::vector<int> sockets_ TAMIS_GUARDED_BY(mutex_);
  std::vector<SeenRequest> requests_ TAMIS_GUARDED_BY(mutex_);
};

// A well-formed answer.
std::string http_answer(int status, const std::string& body, const std::string& extra_headers = "");

}  // namespace tamis::client
