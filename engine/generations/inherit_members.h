// Inheritance: members of one generation that another takes over, by hard links to the same files. A member keeps the
// vocabulary that it was learned with, as users.<generation>.txt and items.<generation>.txt.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/generations/manifest.h"

namespace tamis::engine {

struct Inheritance {
  std::filesystem::path dir;  // of the generation that gives
  std::vector<std::string> members;
};

std::string user_vocabulary_file(
    const std::string& origin);  // "users.g1.txt"; "users.txt" of the generation itself: ""
std::string item_vocabulary_file(const std::string& origin);

// corruption where a file that the manifest names is missing or damaged.
Status verify_file(const std::filesystem::path& dir, const std::string& name, const Manifest::File& file);

Result<Manifest> read_manifest(const std::filesystem::path& dir);  // io_error, and what parse_manifest() gives

// The files of one member, its vocabulary apart. Empty for "popular", which has none.
std::vector<std::string> member_files(const Manifest& manifest, const std::string& member);

// Which members of the generation in `dir` can be taken over: those whose files are whole. The others come with the
// reason. corruption where the manifest cannot be read.
struct InheritableMembers {
  std::vector<std::string> members;
  std::map<std::string, std::string> damaged;
};
Result<InheritableMembers> find_inheritable(const std::filesystem::path& dir, const std::vector<std::string>& wanted);

// Links the members' files into `to` and adds them to `manifest`, which describes what `to` holds already. io_error,
// corruption.
Status link_members(const Inheritance& inheritance, const std::filesystem::path& to, Manifest* manifest);

}  // namespace tamis::engine
