#include "engine/durable_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

namespace tamis::engine {
namespace {

Status failed(const char* what, const std::filesystem::path& path, int error) {
  return Status::io_error(std::string(what) + " " + path.string() + ": " + std::strerror(error));
}

// An open file descriptor, closed at the end of its scope.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Status write_file_durably(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) return failed("cannot create", temporary, errno);
    while (!bytes.empty()) {
      const ::ssize_t written = ::write(file.fd(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("cannot write", temporary, errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(file.fd()) != 0) return failed("cannot sync", temporary, errno);
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) return failed("cannot rename", temporary, error.value());
  return sync_directory(path.parent_path());
}

Result<std::string> read_whole_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Status::not_found("no file " + path.string());
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (file.bad()) return Status::io_error("cannot read " + path.string());
  return std::move(bytes).str();
}

Status sync_directory(const std::filesystem::path& dir) {
  const Descriptor directory(dir.empty() ? std::filesystem::path(".") : dir, O_RDONLY | O_DIRECTORY);
  if (!directory.is_open()) return failed("cannot open", dir, errno);
  if (::fsync(directory.fd()) != 0) return failed("cannot sync", dir, errno);
  return Status::ok();
}

}  // namespace tamis::engine
