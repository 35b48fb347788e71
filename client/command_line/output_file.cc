#include "client/command_line/output_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace tamis::client {

OutputFile::~OutputFile() {
  if (file_ == nullptr || is_standard_output_) return;
  std::fclose(file_);
  std::remove(temporary_.c_str());
}

Status OutputFile::fail(std::string_view doing) const {
  return Status::io_error(std::string(doing) + " " + path_ + ": " + std::strerror(errno));
}

Status OutputFile::open(const std::string& path) {
  path_ = path;
  is_standard_output_ = path == "-";
  if (is_standard_output_) {
    path_ = "standard output";
    file_ = stdout;
    return Status::ok();
  }
  temporary_ = path + ".part";
  file_ = std::fopen(temporary_.c_str(), "wb");
  return file_ == nullptr ? fail("opening") : Status::ok();
}

Status OutputFile::write(std::string_view bytes) {
  return std::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size() ? Status::ok() : fail("writing");
}

Status OutputFile::rewrite_start(std::string_view bytes) {
  if (std::fseek(file_, 0, SEEK_SET) != 0) return fail("rewinding");
  return write(bytes);
}

Status OutputFile::commit() {
  if (std::fflush(file_) != 0) return fail("writing");
  if (is_standard_output_) return Status::ok();
  if (::fsync(::fileno(file_)) != 0) return fail("syncing");
  const bool closed = std::fclose(file_) == 0;
  file_ = nullptr;
  if (!closed || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const Status status = fail("finishing");
    std::remove(temporary_.c_str());
    return status;
  }
  return Status::ok();
}

}  // namespace tamis::client
