#include "engine/snapshot/made_snapshots.h"

#include <sstream>

#include "common/durable_files.h"

namespace tamis::engine {
namespace {

constexpr std::uint64_t kMaxListBytes = 64 << 20;

std::string read_list(const std::filesystem::path& list) {
  const auto text = read_whole_file(list, kMaxListBytes);
  return text.is_ok() ? *text : std::string();
}

}  // namespace

std::vector<MadeSnapshot> read_made_snapshots(const std::filesystem::path& list) {
  std::vector<MadeSnapshot> made;
  std::istringstream lines(read_list(list));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    MadeSnapshot snapshot;
    if (words >> snapshot.made_ms >> snapshot.sequence && words.get() == ' ' && std::getline(words, snapshot.path)) {
      made.push_back(std::move(snapshot));
    }
  }
  return made;
}

Status add_made_snapshot(const std::filesystem::path& list, const MadeSnapshot& snapshot) {
  return replace_file(list, read_list(list) + std::to_string(snapshot.made_ms) + " " +
                                std::to_string(snapshot.sequence) + " " + snapshot.path + "\n");
}

}  // namespace tamis::engine
