#include "storage/rocks_log.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstdio>
#include <string_view>

namespace tamis::storage {
namespace {

constexpr std::size_t kMaxLineBytes = 2'048;  // the rest of a longer one is cut off

spdlog::level::level_enum severity_of(rocksdb::InfoLogLevel level) {
  switch (level) {
    case rocksdb::WARN_LEVEL: return spdlog::level::warn;
    case rocksdb::ERROR_LEVEL:
    case rocksdb::FATAL_LEVEL: return spdlog::level::err;
    default: return spdlog::level::debug;
  }
}

// A checkpoint holds file deletions twice, one within the other, and RocksDB warns of that each time.
bool is_of_every_checkpoint(std::string_view format) { return format.find("File Deletions") != std::string_view::npos; }

}  // namespace

RocksLog::RocksLog() : rocksdb::Logger(rocksdb::INFO_LEVEL) {}

void RocksLog::Logv(const char* format, std::va_list arguments) { Logv(rocksdb::INFO_LEVEL, format, arguments); }

void RocksLog::Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) {
  const auto severity = is_of_every_checkpoint(format) ? spdlog::level::debug : severity_of(level);
  if (level < GetInfoLogLevel() || !spdlog::default_logger_raw()->should_log(severity)) return;
  std::array<char, kMaxLineBytes> line;
  if (std::vsnprintf(line.data(), line.size(), format, arguments) < 0) return;
  std::string_view text(line.data());
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  if (!text.empty()) spdlog::log(severity, "rocksdb: {}", text);
}

}  // namespace tamis::storage
