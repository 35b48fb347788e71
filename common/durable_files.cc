#include "common/durable_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace tamis {
namespace {

Status failed(const char* action, const std::filesystem::path& path, int error) {
  std::string message = std::string("cannot ") + action + " " + path.string() + ": " + std::strerror(error);
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) return Status::resource_exhausted(std::move(message));
  return Status::io_error(std::move(message));
}

Status write_all(int file, const std::filesystem::path& path, std::string_view bytes) {
  constexpr std::size_t kMostBytes = 64U << 20;  // of one call
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), std::min(bytes.size(), kMostBytes));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write", path, written == 0 ? EIO : errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return Status::ok();
}

Status sync_opened(const std::filesystem::path& path, int flags) {
  const OwnedFile file(::open(path.c_str(), flags | O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) return failed("open", path, errno);
  if (::fsync(file.get()) != 0) return failed("sync", path, errno);
  return Status::ok();
}

}  // namespace

OwnedFile::~OwnedFile() {
  if (file_ >= 0) ::close(file_);
}

int OwnedFile::close() { return ::close(release()); }

Status write_file_synced(const std::filesystem::path& path, std::span<const std::string_view> parts) {
  OwnedFile file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (file.get() < 0) return failed("create", path, errno);
  for (const std::string_view part : parts) TAMIS_RETURN_IF_ERROR(write_all(file.get(), path, part));
  if (::fsync(file.get()) != 0) return failed("sync", path, errno);
  if (file.close() != 0) return failed("close", path, errno);
  return Status::ok();
}

Status write_file_synced(const std::filesystem::path& path, std::string_view bytes) {
  return write_file_synced(path, std::span(&bytes, 1));
}

Status replace_file(const std::filesystem::path& path, std::span<const std::string_view> parts) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  Status status = write_file_synced(temporary, parts);
  if (status.is_ok() && std::rename(temporary.c_str(), path.c_str()) != 0) status = failed("rename to", path, errno);
  if (!status.is_ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return sync_directory(path.parent_path());
}

Status replace_file(const std::filesystem::path& path, std::string_view bytes) {
  return replace_file(path, std::span(&bytes, 1));
}

Status sync_file(const std::filesystem::path& path) { return sync_opened(path, 0); }

Status sync_directory(const std::filesystem::path& dir) {
  return sync_opened(dir.empty() ? std::filesystem::path(".") : dir, O_DIRECTORY);
}

Status rename_directory_synced(const std::filesystem::path& from, const std::filesystem::path& to) {
  TAMIS_RETURN_IF_ERROR(sync_directory(from));
  if (std::rename(from.c_str(), to.c_str()) != 0) return failed("rename", from, errno);
  return sync_directory(to.parent_path());
}

Result<FileReader> FileReader::open(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not wait for its writer
  if (file < 0 && errno == ENOENT) return Status::not_found("there is no file " + path.string());
  if (file < 0) return failed("open", path, errno);
  FileReader reader(path, file, 0);
  struct stat about {};
  if (::fstat(file, &about) != 0) return failed("read", path, errno);
  if (!S_ISREG(about.st_mode)) return Status::io_error("cannot read " + path.string() + ": not a regular file");
  reader.rest_ = static_cast<std::uint64_t>(about.st_size);
  return reader;
}

Status FileReader::read(void* out, std::size_t size) {
  constexpr std::size_t kMostBytes = 64U << 20;  // of one call
  auto* to = static_cast<char*>(out);
  while (size > 0) {
    const ssize_t got = ::read(file_->get(), to, std::min(size, kMostBytes));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path_, errno);
    if (got == 0) return Status::io_error(path_.string() + " is shorter than it was");
    to += got;
    size -= static_cast<std::size_t>(got);
    rest_ -= std::min(rest_, static_cast<std::uint64_t>(got));
  }
  return Status::ok();
}

Result<std::string> read_whole_file(const std::filesystem::path& path, std::uint64_t max_bytes) {
  TAMIS_ASSIGN_OR_RETURN(FileReader file, FileReader::open(path));
  if (file.rest() > max_bytes)
    return Status::resource_exhausted(path.string() + " has " + std::to_string(file.rest()) + " bytes, more than " +
                                      std::to_string(max_bytes));
  std::string bytes(file.rest(), '\0');
  TAMIS_RETURN_IF_ERROR(file.read(bytes.data(), bytes.size()));
  return bytes;
}

}  // namespace tamis
