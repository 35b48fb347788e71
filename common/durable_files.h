// Files that are whole or not there: written, synced, and only then given their name. Thread-safe: functions of their
// arguments and the files.
//
// Errors of all: resource_exhausted (disk full, file too large), io_error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "common/status.h"

namespace tamis {

// A file descriptor that closes itself. A file being written is closed by hand, to see what the kernel found late.
class OwnedFile {
 public:
  explicit OwnedFile(int file) : file_(file) {}  // below 0: none
  ~OwnedFile();
  OwnedFile(const OwnedFile&) = delete;
  OwnedFile& operator=(const OwnedFile&) = delete;
  int get() const { return file_; }
  int release() { return std::exchange(file_, -1); }
  int close();  // as close(2)

 private:
  int file_;
};

// Reads a file from its beginning on. Externally synchronised.
class FileReader {
 public:
  // not_found without such a file.
  static Result<FileReader> open(const std::filesystem::path& path);
  // Bytes to the end that the file had when it was opened.
  std::uint64_t rest() const { return rest_; }
  // The next `size` bytes into `out`. io_error where the file ends before.
  Status read(void* out, std::size_t size);

 private:
  FileReader(std::filesystem::path path, int file, std::uint64_t size)
      : path_(std::move(path)), file_(std::make_unique<OwnedFile>(file)), rest_(size) {}
  std::filesystem::path path_;
  std::unique_ptr<OwnedFile> file_;
  std::uint64_t rest_;
};

// Writes and syncs a file: its parts, one after the other.
Status write_file_synced(const std::filesystem::path& path, std::span<const std::string_view> parts);
Status write_file_synced(const std::filesystem::path& path, std::string_view bytes);
// The same by way of a temporary name ("<path>.tmp") and rename: whatever happens, the file is the one before or the
// new one. Its name is durable when this returns.
Status replace_file(const std::filesystem::path& path, std::span<const std::string_view> parts);
Status replace_file(const std::filesystem::path& path, std::string_view bytes);
// Makes the bytes of a file durable.
Status sync_file(const std::filesystem::path& path);
// Makes the entries of a directory durable. An empty path is the current one.
Status sync_directory(const std::filesystem::path& dir);
// Renames a synced directory to a name beside it and makes the name durable.
Status rename_directory_synced(const std::filesystem::path& from, const std::filesystem::path& to);
// not_found without such a file; resource_exhausted above `max_bytes`.
Result<std::string> read_whole_file(const std::filesystem::path& path, std::uint64_t max_bytes);

// The bytes of a value or an array as a part.
template <typename T>
std::string_view as_part(const T* values, std::size_t count) {
  return {reinterpret_cast<const char*>(values), count * sizeof(T)};
}

}  // namespace tamis
