// RocksLog: RocksDB's own text log, as lines of spdlog's default logger.
//
// RocksDB would write it to the file LOG of its directory, and the second line that finds the disk full ends the
// process there (an assertion of its file writer, kept in Debian's build). No line of it is worth a database.
#pragma once

#include <rocksdb/env.h>

#include <cstdarg>

namespace tamis::storage {

// Warnings and errors keep their level; everything else is debug. Thread-safe.
class RocksLog final : public rocksdb::Logger {
 public:
  RocksLog();

  using rocksdb::Logger::Logv;
  void Logv(const char* format, std::va_list arguments) override;
  void Logv(rocksdb::InfoLogLevel level, const char* format, std::va_list arguments) override;
};

}  // namespace tamis::storage
