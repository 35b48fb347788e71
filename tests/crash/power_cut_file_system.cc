#include "tests/crash/power_cut_file_system.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <cstring>
#include <limits>

namespace tamis::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();

std::string parent_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

std::string without_slash(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

IOStatus missing(const std::string& path) { return IOStatus::NotFound(path, "no such file"); }

// RocksDB's text log, to nowhere.
struct SilentLogger final : rocksdb::Logger {
  using rocksdb::Logger::Logv;
  void Logv(const char* /*format*/, va_list /*arguments*/) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

struct MemoryLock final : rocksdb::FileLock {
  explicit MemoryLock(std::string locked) : path(std::move(locked)) {}
  std::string path;
};

}  // namespace

class MemoryReadableFile final : public rocksdb::FSSequentialFile, public rocksdb::FSRandomAccessFile {
 public:
  MemoryReadableFile(const PowerCutFileSystem* disk, std::shared_ptr<PowerCutFileSystem::File> file)
      : disk_(disk), file_(std::move(file)) {}

  IOStatus Read(std::size_t size, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    const IOStatus status =
        static_cast<const MemoryReadableFile*>(this)->Read(position_, size, options, result, scratch, debug);
    position_ += result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t size) override {
    position_ += size;
    return IOStatus::OK();
  }
  IOStatus Read(std::uint64_t offset, std::size_t size, const IOOptions& /*options*/, Slice* result, char* scratch,
                IODebugContext* /*debug*/) const override {
    *result = Slice();
    MutexLock lock(disk_->mutex_);
    const IOStatus power = disk_->check_power();
    if (!power.ok() || offset >= file_->bytes.size()) return power;
    const std::size_t count = std::min<std::size_t>(size, file_->bytes.size() - offset);
    std::memcpy(scratch, file_->bytes.data() + offset, count);
    *result = Slice(scratch, count);
    return IOStatus::OK();
  }
  IOStatus InvalidateCache(std::size_t /*offset*/, std::size_t /*length*/) override { return IOStatus::OK(); }
  bool use_direct_io() const override { return false; }
  std::size_t GetRequiredBufferAlignment() const override { return 1; }

 private:
  const PowerCutFileSystem* disk_;
  std::shared_ptr<PowerCutFileSystem::File> file_;
  std::uint64_t position_ = 0;
};

class MemoryWritableFile final : public rocksdb::FSWritableFile {
 public:
  MemoryWritableFile(PowerCutFileSystem* disk, std::shared_ptr<PowerCutFileSystem::File> file)
      : disk_(disk), file_(std::move(file)) {}

  IOStatus Append(const Slice& data, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return disk_->append(file_.get(), data);
  }
  IOStatus Append(const Slice& data, const IOOptions& /*options*/,
                  const rocksdb::DataVerificationInfo& /*verification*/, IODebugContext* /*debug*/) override {
    return disk_->append(file_.get(), data);
  }
  IOStatus Truncate(std::uint64_t size, const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    MutexLock lock(disk_->mutex_);
    file_->bytes.resize(size);
    file_->synced = std::min<std::size_t>(file_->synced, size);
    return disk_->check_power();
  }
  IOStatus Close(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_->sync(file_.get()); }
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override { return disk_->sync(file_.get()); }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    MutexLock lock(disk_->mutex_);
    return file_->bytes.size();
  }

 private:
  PowerCutFileSystem* disk_;
  std::shared_ptr<PowerCutFileSystem::File> file_;
};

class MemoryDirectory final : public rocksdb::FSDirectory {
 public:
  MemoryDirectory(PowerCutFileSystem* disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  IOStatus Fsync(const IOOptions& /*options*/, IODebugContext* /*debug*/) override {
    return disk_->sync_directory(path_);
  }

 private:
  PowerCutFileSystem* disk_;
  std::string path_;
};

PowerCutFileSystem::PowerCutFileSystem()
    : FileSystemWrapper(rocksdb::FileSystem::Default()), cut_at_(kNever), free_space_(kNever) {
  MutexLock lock(mutex_);
  directories_.insert("/");
}

void PowerCutFileSystem::cut_after(std::uint64_t operations) {
  MutexLock lock(mutex_);
  cut_at_ = operations_ + operations;
}

bool PowerCutFileSystem::is_off() const {
  MutexLock lock(mutex_);
  return operations_ >= cut_at_;
}

std::uint64_t PowerCutFileSystem::operations() const {
  MutexLock lock(mutex_);
  return operations_;
}

std::shared_ptr<PowerCutFileSystem> PowerCutFileSystem::restart(Random* random) const {
  auto disk = std::make_shared<PowerCutFileSystem>();
  MutexLock lock(mutex_);
  MutexLock other(disk->mutex_);
  Names survivors = durable_names_;
  std::set<std::string> changed;
  for (const auto& [path, file] : names_) {
    const auto durable = durable_names_.find(path);
    if (durable == durable_names_.end() || durable->second != file) changed.insert(path);
  }
  for (const auto& [path, file] : durable_names_) {
    if (!names_.contains(path)) changed.insert(path);
  }
  for (const std::string& path : changed) {
    if (random->below(2) == 0) continue;
    const auto running = names_.find(path);
    if (running == names_.end()) {
      survivors.erase(path);
    } else {
      survivors[path] = running->second;
    }
  }
  std::map<const File*, std::shared_ptr<File>> copies;  // a hard link stays one
  for (const auto& [path, file] : survivors) {
    std::shared_ptr<File>& copied = copies[file.get()];
    if (copied == nullptr) {
      copied = std::make_shared<File>(*file);
      const auto unsynced = static_cast<std::uint32_t>(file->bytes.size() - file->synced);
      const std::uint32_t kept = random->below(2) == 0 ? 0 : random->below(unsynced + 1);
      copied->bytes.resize(file->synced + kept);
      copied->synced = copied->bytes.size();
    }
    disk->names_[path] = copied;
  }
  disk->durable_names_ = disk->names_;
  disk->directories_ = directories_;
  return disk;
}

std::shared_ptr<PowerCutFileSystem> PowerCutFileSystem::copy() const {
  auto disk = std::make_shared<PowerCutFileSystem>();
  MutexLock lock(mutex_);
  MutexLock other(disk->mutex_);
  for (const auto& [path, file] : names_) disk->names_[path] = std::make_shared<File>(*file);
  disk->durable_names_ = disk->names_;
  disk->directories_ = directories_;
  return disk;
}

void PowerCutFileSystem::fail_log_syncs(int count, bool drop_unsynced) {
  MutexLock lock(mutex_);
  failing_log_syncs_ = count;
  drop_unsynced_ = drop_unsynced;
}

void PowerCutFileSystem::set_free_space(std::uint64_t bytes) {
  MutexLock lock(mutex_);
  free_space_ = bytes;
}

void PowerCutFileSystem::set_full(bool full) {
  MutexLock lock(mutex_);
  full_ = full;
}

std::vector<std::string> PowerCutFileSystem::files() const {
  MutexLock lock(mutex_);
  std::vector<std::string> paths;
  for (const auto& [path, file] : names_) paths.push_back(path);
  return paths;
}

std::uint64_t PowerCutFileSystem::size(const std::string& path) const {
  MutexLock lock(mutex_);
  return names_.at(path)->bytes.size();
}

void PowerCutFileSystem::flip_bit(const std::string& path, std::uint64_t bit) {
  MutexLock lock(mutex_);
  char& byte = names_.at(path)->bytes.at(bit / 8);
  byte = static_cast<char>(byte ^ (1 << (bit % 8)));
}

void PowerCutFileSystem::truncate(const std::string& path, std::uint64_t size) {
  MutexLock lock(mutex_);
  names_.at(path)->bytes.resize(size);
}

void PowerCutFileSystem::remove(const std::string& path) {
  MutexLock lock(mutex_);
  names_.erase(path);
  durable_names_.erase(path);
}

IOStatus PowerCutFileSystem::check_power() const {
  return operations_ >= cut_at_ ? IOStatus::IOError("the power is off") : IOStatus::OK();
}

IOStatus PowerCutFileSystem::change() {
  const IOStatus power = check_power();
  if (power.ok()) ++operations_;
  return power;
}

std::shared_ptr<PowerCutFileSystem::File> PowerCutFileSystem::find(const std::string& path) const {
  const auto found = names_.find(path);
  return found == names_.end() ? nullptr : found->second;
}

IOStatus PowerCutFileSystem::append(File* file, const Slice& data) {
  MutexLock lock(mutex_);
  IOStatus status = change();
  if (status.ok() && full_) status = IOStatus::NoSpace("the disk is full");
  if (status.ok()) file->bytes.append(data.data(), data.size());
  return status;
}

IOStatus PowerCutFileSystem::sync(File* file) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  if (!status.ok()) return status;
  if (file->is_log && failing_log_syncs_ > 0) {
    --failing_log_syncs_;
    if (drop_unsynced_) file->bytes.resize(file->synced);
    return IOStatus::IOError("fsync failed");
  }
  file->synced = file->bytes.size();
  return status;
}

IOStatus PowerCutFileSystem::sync_directory(const std::string& dir) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  if (!status.ok()) return status;
  std::erase_if(durable_names_, [&](const auto& entry) { return parent_of(entry.first) == dir; });
  for (const auto& [path, file] : names_) {
    if (parent_of(path) == dir) durable_names_[path] = file;
  }
  return status;
}

IOStatus PowerCutFileSystem::NewSequentialFile(const std::string& path, const rocksdb::FileOptions& /*options*/,
                                               std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                               IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  auto found = find(path);
  if (found == nullptr) return missing(path);
  *file = std::make_unique<MemoryReadableFile>(this, std::move(found));
  return check_power();
}

IOStatus PowerCutFileSystem::NewRandomAccessFile(const std::string& path, const rocksdb::FileOptions& /*options*/,
                                                 std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                                 IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  auto found = find(path);
  if (found == nullptr) return missing(path);
  *file = std::make_unique<MemoryReadableFile>(this, std::move(found));
  return check_power();
}

IOStatus PowerCutFileSystem::NewWritableFile(const std::string& path, const rocksdb::FileOptions& /*options*/,
                                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                                             IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  if (!status.ok()) return status;
  auto created = std::make_shared<File>();
  created->is_log = path.ends_with(".log");
  names_[path] = created;
  *file = std::make_unique<MemoryWritableFile>(this, std::move(created));
  return status;
}

IOStatus PowerCutFileSystem::ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& /*options*/,
                                                std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  if (!status.ok()) return status;
  std::shared_ptr<File>& entry = names_[path];
  if (entry == nullptr) entry = std::make_shared<File>();
  *file = std::make_unique<MemoryWritableFile>(this, entry);
  return status;
}

IOStatus PowerCutFileSystem::NewDirectory(const std::string& path, const IOOptions& /*options*/,
                                          std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* /*debug*/) {
  *directory = std::make_unique<MemoryDirectory>(this, without_slash(path));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::FileExists(const std::string& path, const IOOptions& /*options*/,
                                        IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const bool exists = names_.contains(path) || directories_.contains(without_slash(path));
  return exists ? check_power() : missing(path);
}

IOStatus PowerCutFileSystem::GetChildren(const std::string& dir, const IOOptions& /*options*/,
                                         std::vector<std::string>* children, IODebugContext* /*debug*/) {
  children->clear();
  MutexLock lock(mutex_);
  const std::string parent = without_slash(dir);
  if (!directories_.contains(parent)) return missing(dir);
  for (const auto& [path, file] : names_) {
    if (parent_of(path) == parent) children->push_back(path.substr(parent.size() + 1));
  }
  return check_power();
}

IOStatus PowerCutFileSystem::DeleteFile(const std::string& path, const IOOptions& /*options*/,
                                        IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  if (!status.ok()) return status;
  return names_.erase(path) == 1 ? status : missing(path);
}

IOStatus PowerCutFileSystem::Truncate(const std::string& path, std::size_t size, const IOOptions& /*options*/,
                                      IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  const auto file = find(path);
  if (!status.ok() || file == nullptr) return status.ok() ? missing(path) : status;
  file->bytes.resize(size);
  file->synced = std::min(file->synced, size);
  return status;
}

IOStatus PowerCutFileSystem::CreateDir(const std::string& path, const IOOptions& /*options*/,
                                       IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const bool created = directories_.insert(without_slash(path)).second;
  return created ? check_power() : IOStatus::IOError(path, "exists");
}

IOStatus PowerCutFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions& /*options*/,
                                                IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  directories_.insert(without_slash(path));
  return check_power();
}

IOStatus PowerCutFileSystem::DeleteDir(const std::string& path, const IOOptions& /*options*/,
                                       IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  return directories_.erase(without_slash(path)) == 1 ? check_power() : missing(path);
}

IOStatus PowerCutFileSystem::GetFileSize(const std::string& path, const IOOptions& /*options*/, std::uint64_t* size,
                                         IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const auto file = find(path);
  if (file == nullptr) return missing(path);
  *size = file->bytes.size();
  return check_power();
}

IOStatus PowerCutFileSystem::GetFileModificationTime(const std::string& /*path*/, const IOOptions& /*options*/,
                                                     std::uint64_t* time, IODebugContext* /*debug*/) {
  *time = 0;
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::GetAbsolutePath(const std::string& path, const IOOptions& /*options*/,
                                             std::string* absolute, IODebugContext* /*debug*/) {
  *absolute = path;
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::RenameFile(const std::string& from, const std::string& to, const IOOptions& /*options*/,
                                        IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  if (!status.ok()) return status;
  // A directory takes along what is in it (a checkpoint is built under a temporary name).
  if (directories_.erase(without_slash(from)) == 1) {
    const std::string old_prefix = without_slash(from) + "/";
    const std::string new_prefix = without_slash(to) + "/";
    directories_.insert(without_slash(to));
    for (Names* names : {&names_, &durable_names_}) {
      Names moved;
      for (const auto& [path, file] : *names) {
        moved[path.starts_with(old_prefix) ? new_prefix + path.substr(old_prefix.size()) : path] = file;
      }
      names->swap(moved);
    }
    return status;
  }
  const auto file = find(from);
  if (file == nullptr) return missing(from);
  names_.erase(from);
  file->is_log = to.ends_with(".log");
  names_[to] = file;
  return status;
}

IOStatus PowerCutFileSystem::LinkFile(const std::string& from, const std::string& to, const IOOptions& /*options*/,
                                      IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  const IOStatus status = change();
  const auto file = find(from);
  if (!status.ok() || file == nullptr) return status.ok() ? missing(from) : status;
  names_[to] = file;
  return status;
}

IOStatus PowerCutFileSystem::LockFile(const std::string& path, const IOOptions& /*options*/, rocksdb::FileLock** lock,
                                      IODebugContext* /*debug*/) {
  MutexLock guard(mutex_);
  const IOStatus power = check_power();
  if (!power.ok()) return power;
  if (!locked_.insert(path).second) return IOStatus::IOError("lock hold by current process", path);
  *lock = new MemoryLock(path);
  return power;
}

IOStatus PowerCutFileSystem::UnlockFile(rocksdb::FileLock* lock, const IOOptions& /*options*/,
                                        IODebugContext* /*debug*/) {
  const std::unique_ptr<MemoryLock> held(static_cast<MemoryLock*>(lock));
  MutexLock guard(mutex_);
  locked_.erase(held->path);
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::NewLogger(const std::string& /*path*/, const IOOptions& /*options*/,
                                       std::shared_ptr<rocksdb::Logger>* logger, IODebugContext* /*debug*/) {
  *logger = std::make_shared<SilentLogger>();
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::IsDirectory(const std::string& path, const IOOptions& /*options*/, bool* is_directory,
                                         IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  *is_directory = directories_.contains(without_slash(path));
  return *is_directory || names_.contains(path) ? check_power() : missing(path);
}

IOStatus PowerCutFileSystem::GetFreeSpace(const std::string& /*path*/, const IOOptions& /*options*/,
                                          std::uint64_t* free_bytes, IODebugContext* /*debug*/) {
  MutexLock lock(mutex_);
  *free_bytes = free_space_;
  return IOStatus::OK();
}

}  // namespace tamis::storage
