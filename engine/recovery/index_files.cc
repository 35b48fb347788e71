#include "engine/recovery/index_files.h"

#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>
#include <vector>

#include "common/durable_files.h"
#include "engine/live/space_index.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kLabelVersion = 1;
constexpr std::uint64_t kMaxLabelBytes = 4'096;

json label_of(const Space& space, Sequence sequence, Sequence saved_sequence, const std::string& generation) {
  return {{"version", kLabelVersion},
          {"sequence", sequence},
          {"saved_sequence", saved_sequence},
          {"generation", generation},
          {"dim", space.dim},
          {"metric", metric_name(space.metric)},
          {"quantization", quantization_name(space.quantization)}};
}

Status describe(const std::error_code& error, const std::string& what) {
  return error ? Status::io_error(what + ": " + error.message()) : Status::ok();
}

}  // namespace

Status save_space_index(const fs::path& index_dir, const SpaceIndex& space, Sequence sequence,
                        const std::string& generation, const std::function<Status()>& sync_store) {
  const fs::path place = index_dir / space.space.name;
  const fs::path temporary = index_dir / (space.space.name + ".tmp");
  std::error_code error;
  fs::remove_all(temporary, error);
  fs::create_directories(temporary, error);
  TAMIS_RETURN_IF_ERROR(describe(error, "cannot create " + temporary.string()));
  TAMIS_RETURN_IF_ERROR(space.items->save(temporary / "items", sequence));
  if (!is_trained(space.space)) TAMIS_RETURN_IF_ERROR(space.users->save(temporary / "users", sequence));
  TAMIS_RETURN_IF_ERROR(
      write_file_synced(temporary / "label.json", label_of(space.space, sequence, sequence, generation).dump()));
  TAMIS_RETURN_IF_ERROR(sync_store());
  fs::remove_all(place, error);
  fs::rename(temporary, place, error);
  TAMIS_RETURN_IF_ERROR(describe(error, "cannot rename " + temporary.string()));
  return sync_directory(index_dir);
}

namespace {

// Files are written anew after changes, and after merges: graphs that were joined need not be joined again.
std::uint64_t revision_of(const SpaceIndex& space) {
  std::uint64_t revision = space.changes.load(std::memory_order_relaxed);
  for (const auto* index : {space.items.get(), space.users.get()})
    if (index != nullptr) revision += index->stats().merges;
  return revision;
}

}  // namespace

Status update_space_files(const fs::path& index_dir, SpaceIndex* space, Sequence sequence,
                          const std::string& generation, const std::function<Status()>& sync_store) {
  const std::uint64_t revision = revision_of(*space);
  const fs::path label = index_dir / space->space.name / "label.json";
  if (revision == space->saved_revision && fs::exists(label)) {
    TAMIS_RETURN_IF_ERROR(sync_store());
    return replace_file(label, label_of(space->space, sequence, space->saved_sequence, generation).dump());
  }
  TAMIS_RETURN_IF_ERROR(save_space_index(index_dir, *space, sequence, generation, sync_store));
  space->saved_revision = revision;
  space->saved_sequence = sequence;
  return Status::ok();
}

Result<LoadedSpaceIndex> load_space_index(const fs::path& index_dir, const Space& space, const IndexSettings& settings,
                                          VectorRows* rows, const std::string& generation, Sequence last_sequence) {
  const fs::path place = index_dir / space.name;
  TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(place / "label.json", kMaxLabelBytes));
  const json label = json::parse(text, nullptr, false);
  const auto number = [&](const char* member) {
    return label.is_object() && label.contains(member) && label[member].is_number_unsigned()
               ? label[member].get<Sequence>()
               : last_sequence + 1;
  };
  const Sequence sequence = number("sequence");
  const Sequence saved_sequence = number("saved_sequence");
  if (sequence > last_sequence || saved_sequence > sequence ||
      label != label_of(space, sequence, saved_sequence, generation)) {
    return Status::corruption("index files of space " + space.name + " do not match the store");
  }
  LoadedSpaceIndex loaded;
  loaded.sequence = sequence;
  loaded.index = std::make_shared<SpaceIndex>();
  loaded.index->space = space;
  loaded.index->saved_revision = loaded.index->changes.load(std::memory_order_relaxed);
  loaded.index->saved_sequence = saved_sequence;
  const auto load = [&](EntityKind kind, const char* name) -> Result<std::unique_ptr<index::VectorIndex>> {
    Sequence of_files = 0;
    TAMIS_ASSIGN_OR_RETURN(
        auto read, index::VectorIndex::load(place / name, index_options(space, kind, settings, rows), &of_files));
    if (of_files == saved_sequence) return read;
    return Status::corruption("index files of space " + space.name + " are of different saves");
  };
  TAMIS_ASSIGN_OR_RETURN(loaded.index->items, load(EntityKind::kItem, "items"));
  if (is_trained(space)) return loaded;
  TAMIS_ASSIGN_OR_RETURN(loaded.index->users, load(EntityKind::kUser, "users"));
  return loaded;
}

void remove_space_files(const fs::path& index_dir, const std::string& space) {
  std::error_code ignored;  // what cannot be removed is refused again at the next load
  fs::remove_all(index_dir / space, ignored);
}

void remove_stale_files(const fs::path& index_dir, const std::set<std::string>& spaces) {
  std::error_code ignored;
  std::vector<fs::path> stale;
  for (fs::directory_iterator entry(index_dir, ignored), end; entry != end; entry.increment(ignored)) {
    if (entry->is_directory(ignored) && !spaces.contains(entry->path().filename().string())) {
      stale.push_back(entry->path());
    }
  }
  for (const auto& path : stale) fs::remove_all(path, ignored);
}

}  // namespace tamis::engine
