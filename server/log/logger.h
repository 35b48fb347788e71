// Logger: structured logs, one JSON object a line on standard error, written by a thread of its own. Thread-safe.
// Where the disk or terminal cannot keep up, the oldest lines are dropped rather than requests slowed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/status.h"

namespace spdlog {
class logger;
namespace details {
class thread_pool;
}
}  // namespace spdlog

namespace tamis::server {

enum class AccessLog { kAll, kErrors, kNone };

// One answered request: the fields of its line in the access log. Valid during the call.
struct AccessLine {
  std::string_view method;
  std::string_view route;
  std::string_view path;
  unsigned status = 0;
  std::uint64_t microseconds = 0;
  std::uint64_t response_bytes = 0;
  std::string_view remote;    // address of the peer
  std::string_view key_name;  // empty: it bore none
  std::string_view request_id;
};

class Logger {
 public:
  using Fields = std::vector<std::pair<std::string_view, std::string>>;

  // level: trace, debug, info, warn, error, off; access: all, errors, none. Lines go to `path`, or to standard error
  // where it is empty.
  static Result<std::unique_ptr<Logger>> open(std::string_view level, std::string_view access,
                                              const std::string& path = {});
  ~Logger();

  void info(std::string_view message, const Fields& fields = {});
  void warn(std::string_view message, const Fields& fields = {});
  void error(std::string_view message, const Fields& fields = {});

  bool logs_access(unsigned status) const;
  void access(const AccessLine& access);
  void flush();
  // Lines that libraries write by spdlog's default logger become lines of this one.
  void adopt_default_logger();

 private:
  Logger();
  void write(int level, std::string_view message, const Fields& fields);

  std::shared_ptr<spdlog::details::thread_pool> thread_;
  std::shared_ptr<spdlog::logger> logger_;
  AccessLog access_ = AccessLog::kErrors;
};

}  // namespace tamis::server
