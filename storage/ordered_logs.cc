#include "storage/ordered_logs.h"

#include <atomic>
#include <charconv>

#include "storage/marker_file.h"

namespace tamis::storage {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

// A log file that knows whether it holds unsynced bytes, and is not synced where it holds none: so a log that has a
// successor never fails again. (RocksDB syncs such logs in the background, and where that fails while a synced write
// waits for it, RocksDB 7.8 syncs the failed file once more and aborts.) A sync that failed stays failed: the kernel
// may have dropped the bytes, and would report success next time. One thread appends; any may sync.
class OrderedLogs::Log final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  Log(OrderedLogs* logs, std::string directory, std::unique_ptr<rocksdb::FSWritableFile> target)
      : FSWritableFileOwnerWrapper(std::move(target)), logs_(logs), directory_(std::move(directory)) {}
  ~Log() override { logs_->forget(*this); }

  const std::string& directory() const { return directory_; }
  bool unsynced() const { return unsynced_.load(); }

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    unsynced_ = true;
    return target()->Append(data, options, debug);
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& verification,
                  IODebugContext* debug) override {
    unsynced_ = true;
    return target()->Append(data, options, verification, debug);
  }
  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return sync_once([&] { return target()->Sync(options, debug); });
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return sync_once([&] { return target()->Fsync(options, debug); });
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    const IOStatus synced = logs_->sync_if_newest(*this, debug);
    const IOStatus closed = target()->Close(options, debug);
    return synced.ok() ? closed : synced;
  }

 private:
  template <typename SyncFile>
  IOStatus sync_once(SyncFile sync_file) {
    MutexLock lock(sync_mutex_);
    if (!failed_.ok() || !unsynced_) return failed_;
    unsynced_ = false;  // before: bytes that come meanwhile may miss this sync
    failed_ = sync_file();
    if (!failed_.ok()) unsynced_ = true;
    return failed_;
  }

  OrderedLogs* logs_;
  std::string directory_;
  std::atomic<bool> unsynced_ = false;
  Mutex sync_mutex_;
  IOStatus failed_ TAMIS_GUARDED_BY(sync_mutex_);
};

std::optional<std::uint64_t> log_number(std::string_view file) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(file.data(), file.data() + file.size(), number);
  if (error != std::errc() || std::string_view(end, file.data() + file.size()) != ".log") return std::nullopt;
  return number;
}

IOStatus OrderedLogs::NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  const std::size_t slash = path.rfind('/');
  const std::optional<std::uint64_t> number = log_number(std::string_view(path).substr(slash + 1));
  if (!number) return target()->NewWritableFile(path, options, file, debug);
  std::string directory = path.substr(0, slash);
  IOStatus status = sync_newest(directory, debug);
  if (status.ok()) status = target()->NewWritableFile(path, options, file, debug);
  if (status.ok()) status = note_newest(directory, *number);
  if (!status.ok()) return status;
  auto log = std::make_unique<Log>(this, directory, std::move(*file));
  {
    MutexLock lock(mutex_);
    newest_[std::move(directory)] = log.get();
  }
  *file = std::move(log);
  return status;
}

IOStatus OrderedLogs::sync_newest(const std::string& directory, IODebugContext* debug) {
  MutexLock lock(mutex_);  // over the sync: the log must not close beneath it
  const auto found = newest_.find(directory);
  if (found == newest_.end() || !found->second->unsynced()) return IOStatus::OK();
  IOStatus status = found->second->Sync(IOOptions(), debug);
  if (!status.ok()) return status;
  return sync_directory(target(), directory);
}

// The name is durable before the marker that counts on it.
IOStatus OrderedLogs::note_newest(const std::string& directory, std::uint64_t number) {
  const IOStatus status = sync_directory(target(), directory);
  return status.ok() ? write_marker(target(), directory, kNewestLog, number) : status;
}

IOStatus OrderedLogs::sync_if_newest(const Log& log, IODebugContext* debug) {
  {
    MutexLock lock(mutex_);
    const auto found = newest_.find(log.directory());
    if (found == newest_.end() || found->second != &log) return IOStatus::OK();
  }
  return sync_newest(log.directory(), debug);
}

void OrderedLogs::forget(const Log& log) {
  MutexLock lock(mutex_);
  const auto found = newest_.find(log.directory());
  if (found != newest_.end() && found->second == &log) newest_.erase(found);
}

}  // namespace tamis::storage
