// GenerationDirectory: the folder that holds one sub-folder per generation.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "common/status.h"

namespace tamis::engine {

// Thread-safe: functions of the file system.
class GenerationDirectory {
 public:
  explicit GenerationDirectory(std::filesystem::path root) : root_(std::move(root)) {}

  std::filesystem::path path_of(std::string_view generation) const { return root_ / generation; }
  // Creates the folder where there is none.
  Status create() const;
  // Removes what a crash left: temporary folders, and generations ("g<number>") that were never registered. Other
  // names are left alone.
  Status remove_strays(const std::set<std::string>& registered) const;
  Status remove(std::string_view generation) const;

 private:
  std::filesystem::path root_;
};

}  // namespace tamis::engine
