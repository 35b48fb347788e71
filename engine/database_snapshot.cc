// Snapshots: a consistent copy beside the running database, and a database made from one.
#include <spdlog/spdlog.h>

#include <system_error>
#include <utility>

#include "engine/database_impl.h"
#include "engine/learn/durable_files.h"
#include "engine/recorded_queries.h"
#include "engine/snapshot_manifest.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxManifestBytes = 256u << 20;
constexpr std::chrono::hours kRestoreTimeout(24);
constexpr std::chrono::seconds kOnlineGrace(2);

// A directory that is deleted at the end unless it was kept.
class ProvisionalDirectory {
 public:
  explicit ProvisionalDirectory(fs::path path) : path_(std::move(path)) { remove(); }
  ~ProvisionalDirectory() {
    if (!kept_) remove();
  }
  ProvisionalDirectory(const ProvisionalDirectory&) = delete;
  ProvisionalDirectory& operator=(const ProvisionalDirectory&) = delete;

  const fs::path& path() const { return path_; }
  Status create() const {
    std::error_code error;
    fs::create_directories(path_, error);
    return error ? Status::io_error("cannot create " + path_.string() + ": " + error.message()) : Status::ok();
  }
  // Gives it its name.
  Status keep_as(const fs::path& place) {
    TAMIS_RETURN_IF_ERROR(rename_directory_synced(path_, place));
    kept_ = true;
    return Status::ok();
  }

 private:
  void remove() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path_;
  bool kept_ = false;
};

fs::path beside(const fs::path& place, const char* suffix) {
  fs::path path = fs::absolute(place).lexically_normal();
  if (path.filename().empty()) path = path.parent_path();  // a trailing slash
  path += suffix;
  return path;
}

Status copy_tree(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  if (!error && fs::exists(from)) {
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing, error);
  }
  if (error) return Status::io_error("cannot copy " + from.string() + " to " + to.string() + ": " + error.message());
  return Status::ok();
}

}  // namespace

Status DatabaseImpl::snapshot(const fs::path& dir) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const fs::path place = beside(dir, "");
  if (fs::exists(place)) return Status::already_exists(place.string() + " exists; expected a directory to be made");
  ProvisionalDirectory made(beside(dir, ".partial"));
  TAMIS_RETURN_IF_ERROR(made.create());

  // Index files first, while writes go on: a restore brings them up to the cut from the log.
  if (online_ != nullptr && options_.online.enabled) online_->wait_idle(kOnlineGrace);  // so that it holds what is due
  TAMIS_RETURN_IF_ERROR(copy_indexes(made.path() / "index"));
  SnapshotManifest manifest;
  manifest.created_ms = options_.clock->now_ms();
  Status cut;
  queue_->run_exclusive([&] {
    cut = [&]() -> Status {
      manifest.sequence = visible_.get();
      TAMIS_RETURN_IF_ERROR(store_->checkpoint(made.path() / "store"));
      TAMIS_RETURN_IF_ERROR(copy_tree(layout_.generations, made.path() / "generations"));
      TAMIS_ASSIGN_OR_RETURN(manifest.queries, record_queries(*live()->pin(), manifest.created_ms));
      return Status::ok();
    }();
  });
  TAMIS_RETURN_IF_ERROR(cut);
  TAMIS_ASSIGN_OR_RETURN(manifest.files, list_snapshot_files(made.path()));
  TAMIS_RETURN_IF_ERROR(write_file_synced(made.path() / kManifestName, snapshot_manifest_to_json(manifest)));
  TAMIS_RETURN_IF_ERROR(sync_directory(made.path()));
  return made.keep_as(place);
}

Status DatabaseImpl::check_recorded(const std::vector<RecordedQuery>& queries, TimestampMs now_ms) const {
  return check_recorded_queries(*live()->pin(), now_ms, queries);
}

}  // namespace tamis::engine

namespace tamis {

Status Database::restore(const std::filesystem::path& snapshot_dir, const std::filesystem::path& data_dir,
                         const DatabaseOptions& options) {
  using namespace engine;
  std::error_code error;
  if (fs::exists(data_dir) && !fs::is_empty(data_dir, error)) {
    return Status::already_exists(data_dir.string() + " is not empty; expected a new or an empty directory");
  }
  TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(snapshot_dir / kManifestName, kMaxManifestBytes));
  TAMIS_ASSIGN_OR_RETURN(const SnapshotManifest manifest, parse_snapshot_manifest(text));
  TAMIS_RETURN_IF_ERROR(verify_snapshot_files(snapshot_dir, manifest.files));

  ProvisionalDirectory made(beside(data_dir, ".restoring"));
  TAMIS_RETURN_IF_ERROR(made.create());
  for (const SnapshotFile& file : manifest.files) {
    const fs::path target = made.path() / file.path;
    fs::create_directories(target.parent_path(), error);
    fs::copy_file(snapshot_dir / file.path, target, error);
    if (error) return Status::io_error("cannot copy " + file.path + ": " + error.message());
  }
  {
    DatabaseOptions opening = options;
    opening.read_only = true;  // no sweep changes what is compared
    TAMIS_ASSIGN_OR_RETURN(const auto database, DatabaseImpl::open(made.path(), opening));
    TAMIS_RETURN_IF_ERROR(database->wait_ready(kRestoreTimeout));
    if (database->sequence() != manifest.sequence) {
      return Status::corruption("the restored database ends at sequence " + std::to_string(database->sequence()) +
                                "; the snapshot was taken at " + std::to_string(manifest.sequence));
    }
    TAMIS_RETURN_IF_ERROR(database->check_recorded(manifest.queries, manifest.created_ms));
  }
  fs::remove(data_dir, error);  // empty
  return made.keep_as(beside(data_dir, ""));
}

}  // namespace tamis
