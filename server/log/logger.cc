#include "server/log/logger.h"

#include <spdlog/async.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "common/clock.h"
#include "server/json/json_writer.h"

namespace tamis::server {
namespace {

constexpr std::size_t kQueuedLines = 8'192;

std::string begin_line(std::string_view level, std::string_view message) {
  std::string line;
  line.reserve(256);
  JsonWriter json(&line);
  json.begin_object().key("time").time(Clock::system().now_ms());
  json.field("level", level).field("message", message);
  return line;
}

// Passes what other code logs on, as a line of JSON.
class ForwardingSink final : public spdlog::sinks::sink {
 public:
  explicit ForwardingSink(std::shared_ptr<spdlog::logger> target) : target_(std::move(target)) {}
  void log(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    const std::string line =
        begin_line({level.data(), level.size()}, {message.payload.data(), message.payload.size()}) + "}";
    target_->log(message.level, spdlog::string_view_t(line.data(), line.size()));
  }
  void flush() override { target_->flush(); }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  std::shared_ptr<spdlog::logger> target_;
};

}  // namespace

Logger::Logger() = default;
Logger::~Logger() {
  if (logger_) logger_->flush();
}

Result<std::unique_ptr<Logger>> Logger::open(std::string_view level, std::string_view access, const std::string& path) {
  const auto parsed = spdlog::level::from_str(std::string(level));
  if (parsed == spdlog::level::off && level != "off") {
    return Status::invalid_argument("log.level is \"" + std::string(level) +
                                    "\"; expected trace, debug, info, warn, error or off")
        .at_field("log.level");
  }
  std::unique_ptr<Logger> logger(new Logger);
  if (access == "all") {
    logger->access_ = AccessLog::kAll;
  } else if (access == "none") {
    logger->access_ = AccessLog::kNone;
  } else if (access != "errors") {
    return Status::invalid_argument("log.access is \"" + std::string(access) + "\"; expected all, errors or none")
        .at_field("log.access");
  }
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (path.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
    logger->thread_ = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    logger->logger_ = std::make_shared<spdlog::async_logger>("tamis", std::move(sink), logger->thread_,
                                                             spdlog::async_overflow_policy::overrun_oldest);
  } catch (const spdlog::spdlog_ex& failure) {
    return Status::io_error(std::string("cannot open the log: ") + failure.what());
  }
  logger->logger_->set_pattern("%v");
  logger->logger_->set_level(parsed);
  logger->logger_->flush_on(spdlog::level::warn);
  return logger;
}

void Logger::write(int level, std::string_view message, const Fields& fields) {
  const auto severity = static_cast<spdlog::level::level_enum>(level);
  if (!logger_->should_log(severity)) return;
  const auto name = spdlog::level::to_string_view(severity);
  std::string line = begin_line({name.data(), name.size()}, message);
  std::string rest;
  JsonWriter json(&rest);
  for (const auto& [key, value] : fields) json.field(key, std::string_view(value));
  if (!rest.empty()) line += "," + rest;
  line += "}";
  logger_->log(severity, spdlog::string_view_t(line.data(), line.size()));
}

void Logger::info(std::string_view message, const Fields& fields) { write(spdlog::level::info, message, fields); }
void Logger::warn(std::string_view message, const Fields& fields) { write(spdlog::level::warn, message, fields); }
void Logger::error(std::string_view message, const Fields& fields) { write(spdlog::level::err, message, fields); }

bool Logger::logs_access(unsigned status) const {
  if (access_ == AccessLog::kNone || (access_ == AccessLog::kErrors && status < 400)) return false;
  return logger_->should_log(spdlog::level::info);
}

void Logger::access(const AccessLine& access) {
  std::string line = begin_line("info", "request");
  std::string rest;
  JsonWriter json(&rest);
  json.field("method", access.method)
      .field("route", access.route)
      .field("path", access.path)
      .field("status", access.status)
      .field("micros", access.microseconds)
      .field("bytes", access.response_bytes)
      .field("remote", access.remote);
  if (!access.key_name.empty()) json.field("key", access.key_name);
  json.field("request_id", access.request_id);
  line += "," + rest + "}";
  logger_->log(spdlog::level::info, spdlog::string_view_t(line.data(), line.size()));
}

void Logger::flush() { logger_->flush(); }

void Logger::adopt_default_logger() {
  auto adopted = std::make_shared<spdlog::logger>("tamis", std::make_shared<ForwardingSink>(logger_));
  adopted->set_level(logger_->level());
  spdlog::set_default_logger(std::move(adopted));
}

}  // namespace tamis::server
