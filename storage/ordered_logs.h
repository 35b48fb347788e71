// OrderedLogs: a file system under which a write-ahead log holds no bytes before those of the log that it follows are
// on disk.
//
// RocksDB syncs a log when a write asks for it. Unsynced writes may lie in an old log while later ones already go to
// its successor, and the disk is free to keep the successor's bytes and to lose the old log's: after a power cut the
// middle of the history would be missing. Here, creating a log first syncs the one before, and the directory that names
// it, so that what survives is a prefix in every durability mode. The new log's name is made durable, too, and then
// noted in the marker NEWEST_LOG (marker_file.h), so that its loss is noticed. Five fsyncs at most per switch of logs.
//
// Thread-safe. A sync that fails fails the creation of the new log, and with it the write that asked for it. A log that
// holds nothing unsynced is not synced again, and one whose sync failed stays failed.
#pragma once

#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/mutex.h"

namespace tamis::storage {

// The number of a write-ahead log by its file's name, "000007.log"; nullopt for other files.
std::optional<std::uint64_t> log_number(std::string_view file);

class OrderedLogs final : public rocksdb::FileSystemWrapper {
 public:
  explicit OrderedLogs(const std::shared_ptr<rocksdb::FileSystem>& target) : FileSystemWrapper(target) {}

  const char* Name() const override { return "OrderedLogs"; }
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;

 private:
  class Log;

  // Makes the newest log of `directory` and its name durable.
  rocksdb::IOStatus sync_newest(const std::string& directory, rocksdb::IODebugContext* debug);
  // Writes the marker that names the log.
  rocksdb::IOStatus note_newest(const std::string& directory, std::uint64_t number);
  // Closing a log that has no successor yet.
  rocksdb::IOStatus sync_if_newest(const Log& log, rocksdb::IODebugContext* debug);
  void forget(const Log& log);

  Mutex mutex_;
  std::map<std::string, Log*> newest_ TAMIS_GUARDED_BY(mutex_);  // open logs by directory: a snapshot writes its own
};

}  // namespace tamis::storage
