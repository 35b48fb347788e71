// ProvisionalDirectory: a directory in the making, under a name of its own beside the one that it will have.
#pragma once

#include <filesystem>
#include <string>

#include "common/status.h"

namespace tamis::engine {

// Removed at the end unless it was kept. Its name begins with a dot and is unique; while it is being made its maker
// holds a lock (flock) on it, so that what a crash left can be told from what is at work. Externally synchronised.
class ProvisionalDirectory {
 public:
  // Creates one beside `place`, "a/b" -> "a/.b.<unique>.<suffix>", and removes those of this suffix that a crash left
  // there. io_error.
  static Result<ProvisionalDirectory> create(const std::filesystem::path& place, const std::string& suffix);
  ~ProvisionalDirectory();
  ProvisionalDirectory(ProvisionalDirectory&& other) noexcept;
  ProvisionalDirectory& operator=(ProvisionalDirectory&&) = delete;
  ProvisionalDirectory(const ProvisionalDirectory&) = delete;
  ProvisionalDirectory& operator=(const ProvisionalDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // Gives it the name `place`, which must not exist or be an empty directory. already_exists, io_error.
  Status keep();

 private:
  ProvisionalDirectory(std::filesystem::path place, std::filesystem::path path, int lock)
      : place_(std::move(place)), path_(std::move(path)), lock_(lock) {}

  std::filesystem::path place_;
  std::filesystem::path path_;
  int lock_;  // -1: moved from, or kept
};

// Absolute, without a trailing slash.
std::filesystem::path normal_place(const std::filesystem::path& place);

}  // namespace tamis::engine
