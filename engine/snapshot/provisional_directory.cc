#include "engine/snapshot/provisional_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>
#include <utility>

#include "common/durable_files.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

// The lock of a directory; -1 where another holds it or there is none.
int lock_directory(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return -1;
  if (::flock(file, LOCK_EX | LOCK_NB) == 0) return file;
  ::close(file);
  return -1;
}

void remove_abandoned(const fs::path& root, const std::string& suffix) {
  std::error_code error;
  for (fs::directory_iterator entry(root, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (!name.starts_with('.') || !name.ends_with("." + suffix)) continue;
    const int lock = lock_directory(entry->path());
    if (lock < 0) continue;
    std::error_code ignored;
    fs::remove_all(entry->path(), ignored);
    ::close(lock);
  }
}

std::string unique_word() {
  std::random_device entropy;
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x", entropy(), entropy());
  return text.data();
}

}  // namespace

fs::path normal_place(const fs::path& place) {
  fs::path path = fs::absolute(place).lexically_normal();
  return path.filename().empty() ? path.parent_path() : path;
}

Result<ProvisionalDirectory> ProvisionalDirectory::create(const fs::path& place, const std::string& suffix) {
  fs::path whole = normal_place(place);
  std::error_code error;
  fs::create_directories(whole.parent_path(), error);
  if (error) return Status::io_error("cannot create " + whole.parent_path().string() + ": " + error.message());
  remove_abandoned(whole.parent_path(), suffix);
  for (int attempt = 0; attempt < 3; ++attempt) {  // another may take one for abandoned before its lock is held
    fs::path path = whole.parent_path() / ("." + whole.filename().string() + "." + unique_word() + "." + suffix);
    if (!fs::create_directory(path, error))
      return Status::io_error("cannot create " + path.string() + ": " + error.message());
    if (const int lock = lock_directory(path); lock >= 0)
      return ProvisionalDirectory(std::move(whole), std::move(path), lock);
  }
  return Status::io_error("cannot lock a directory beside " + whole.string());
}

ProvisionalDirectory::ProvisionalDirectory(ProvisionalDirectory&& other) noexcept
    : place_(std::move(other.place_)), path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

ProvisionalDirectory::~ProvisionalDirectory() {
  if (lock_ < 0) return;
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  ::close(lock_);
}

Status ProvisionalDirectory::keep() {
  TAMIS_RETURN_IF_ERROR(sync_directory(path_));
  if (std::rename(path_.c_str(), place_.c_str()) != 0) {
    if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR)
      return Status::already_exists(place_.string() + " exists; expected a directory to be made");
    return Status::io_error("cannot rename " + path_.string() + " to " + place_.string());
  }
  ::close(std::exchange(lock_, -1));
  return sync_directory(place_.parent_path());
}

}  // namespace tamis::engine
