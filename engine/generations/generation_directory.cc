#include "engine/generations/generation_directory.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "engine/generations/generation_files.h"

namespace tamis::engine {
namespace {

bool is_own_name(std::string_view name) {
  return name.size() > 1 && name[0] == 'g' &&
         std::all_of(name.begin() + 1, name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Status GenerationDirectory::create() const {
  std::error_code error;
  std::filesystem::create_directories(root_, error);
  if (error) return Status::io_error("cannot create " + root_.string() + ": " + error.message());
  return Status::ok();
}

Status GenerationDirectory::remove_strays(const std::set<std::string>& registered) const {
  std::error_code error;
  std::vector<std::string> strays;
  for (const auto& entry : std::filesystem::directory_iterator(root_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with(kTemporarySuffix) || (is_own_name(name) && !registered.contains(name))) strays.push_back(name);
  }
  if (error) return Status::io_error("cannot list " + root_.string() + ": " + error.message());
  for (const std::string& name : strays) TAMIS_RETURN_IF_ERROR(remove(name));
  return Status::ok();
}

Status GenerationDirectory::remove(std::string_view generation) const {
  std::error_code error;
  std::filesystem::remove_all(root_ / generation, error);
  if (error) return Status::io_error("cannot remove " + (root_ / generation).string() + ": " + error.message());
  return Status::ok();
}

}  // namespace tamis::engine
