// PowerCutFileSystem: a disk in memory that forgets, when its power is cut, whatever was not synced: bytes past the
// last fsync of a file (or any part of them), and creations, renames and deletions past the last fsync of their
// directory (each by the toss of a coin). It also fails syncs, runs full and flips bits on request.
//
// kill -9 loses nothing that the kernel has, so it proves nothing about power loss; this does.
#pragma once

#include <rocksdb/file_system.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "common/random.h"

namespace tamis::storage {

// Thread-safe.
class PowerCutFileSystem final : public rocksdb::FileSystemWrapper {
 public:
  PowerCutFileSystem();

  // Cuts the power before the `operations`-th change from now; every operation fails from then on.
  void cut_after(std::uint64_t operations);
  void cut() { cut_after(0); }
  bool is_off() const;
  std::uint64_t operations() const;  // changes so far: appends, syncs, creations, renames, deletions
  // The disk as it comes back: unsynced changes are kept or lost at random.
  std::shared_ptr<PowerCutFileSystem> restart(Random* random) const;
  // The disk as it is, unsynced bytes included: what a process finds that was killed, not cut off.
  std::shared_ptr<PowerCutFileSystem> copy() const;

  // The next `count` syncs of write-ahead logs fail; their bytes stay in the page cache, or are dropped from it.
  void fail_log_syncs(int count, bool drop_unsynced);
  void set_free_space(std::uint64_t bytes);
  // With a full disk every append fails with "no space".
  void set_full(bool full);

  // Damage, by full path.
  std::vector<std::string> files() const;
  std::uint64_t size(const std::string& path) const;
  void flip_bit(const std::string& path, std::uint64_t bit);
  void truncate(const std::string& path, std::uint64_t size);
  void remove(const std::string& path);

  const char* Name() const override { return "PowerCutFileSystem"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& path, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& options,
                                       std::unique_ptr<rocksdb::FSWritableFile>* file,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* directory,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus FileExists(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetChildren(const std::string& dir, const rocksdb::IOOptions& options,
                                std::vector<std::string>* children, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus Truncate(const std::string& path, std::size_t size, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteDir(const std::string& path, const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFileSize(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* size,
                                rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFileModificationTime(const std::string& path, const rocksdb::IOOptions& options,
                                            std::uint64_t* time, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetAbsolutePath(const std::string& path, const rocksdb::IOOptions& options, std::string* absolute,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LockFile(const std::string& path, const rocksdb::IOOptions& options, rocksdb::FileLock** lock,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& options,
                              std::shared_ptr<rocksdb::Logger>* logger, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus IsDirectory(const std::string& path, const rocksdb::IOOptions& options, bool* is_directory,
                                rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path, const rocksdb::IOOptions& options, std::uint64_t* free_bytes,
                                 rocksdb::IODebugContext* debug) override;

 private:
  friend class MemoryWritableFile;
  friend class MemoryReadableFile;
  friend class MemoryDirectory;

  struct File {
    std::string bytes;
    std::size_t synced = 0;  // how many of them survive a cut for certain
    bool is_log = false;
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;

  // Counts a change; fails once the power is off.
  rocksdb::IOStatus change() TAMIS_REQUIRES(mutex_);
  rocksdb::IOStatus check_power() const TAMIS_REQUIRES(mutex_);
  std::shared_ptr<File> find(const std::string& path) const TAMIS_REQUIRES(mutex_);
  rocksdb::IOStatus append(File* file, const rocksdb::Slice& data);
  rocksdb::IOStatus sync(File* file);
  rocksdb::IOStatus sync_directory(const std::string& dir);

  mutable Mutex mutex_;
  Names names_ TAMIS_GUARDED_BY(mutex_);          // as running processes see them
  Names durable_names_ TAMIS_GUARDED_BY(mutex_);  // as directories were last synced
  std::set<std::string> directories_ TAMIS_GUARDED_BY(mutex_);
  std::set<std::string> locked_ TAMIS_GUARDED_BY(mutex_);
  std::uint64_t operations_ TAMIS_GUARDED_BY(mutex_) = 0;
  std::uint64_t cut_at_ TAMIS_GUARDED_BY(mutex_);
  int failing_log_syncs_ TAMIS_GUARDED_BY(mutex_) = 0;
  bool drop_unsynced_ TAMIS_GUARDED_BY(mutex_) = false;
  bool full_ TAMIS_GUARDED_BY(mutex_) = false;
  std::uint64_t free_space_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::storage
