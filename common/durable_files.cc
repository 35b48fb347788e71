#include "common/durable_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>

namespace tamis::engine {
namespace {

Status failed(const char* action, const std::filesystem::path& path, int error) {
  std::string message = std::string("cannot ") + action + " " + path.string() + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT) return Status::resource_exhausted(std::move(message));
  return Status::io_error(std::move(message));
}

// Closes what it owns; close() reports what the kernel found late.
class OwnedFile {
 public:
  OwnedFile(const std::filesystem::path& path, int flags) : file_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~OwnedFile() {
    if (file_ >= 0) ::close(file_);
  }
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;
  int get() const { return file_; }
  int close() {
    const int file = file_;
    file_ = -1;
    return ::close(file);
  }

 private:
  int file_;
};

}  // namespace

Status write_file_synced(const std::filesystem::path& path, std::string_view bytes) {
  OwnedFile file(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (file.get() < 0) return failed("create", path, errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file.get()) != 0) return failed("sync", path, errno);
  if (file.close() != 0) return failed("close", path, errno);
  return Status::ok();
}

Status sync_directory(const std::filesystem::path& dir) {
  const OwnedFile file(dir, O_RDONLY | O_DIRECTORY);
  if (file.get() < 0) return failed("open", dir, errno);
  if (::fsync(file.get()) != 0) return failed("sync", dir, errno);
  return Status::ok();
}

Status rename_directory_synced(const std::filesystem::path& from, const std::filesystem::path& to) {
  TAMIS_RETURN_IF_ERROR(sync_directory(from));
  if (std::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from, errno);
  return sync_directory(to.parent_path());
}

Result<std::string> read_whole_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  std::error_code error;
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory) return Status::not_found("there is no file " + path.string());
  if (error) return Status::io_error("cannot read " + path.string() + ": " + error.message());
  if (size > max_bytes)
    return Status::resource_exhausted(path.string() + " has " + std::to_string(size) + " bytes, more than " +
                                      std::to_string(max_bytes));
  std::ifstream file(path, std::ios::binary);
  std::string bytes(size, '\0');
  if (!file.read(bytes.data(), static_cast<std::streamsize>(size)) && size > 0)
    return Status::io_error("cannot read " + path.string());
  return bytes;
}

}  // namespace tamis::engine
