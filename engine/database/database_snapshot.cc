// Snapshots: a consistent copy beside the running database, and a database made from one.
#include <spdlog/spdlog.h>

#include <set>
#include <system_error>
#include <utility>

#include "common/cancellation.h"
#include "common/durable_files.h"
#include "engine/database/database_impl.h"
#include "engine/generations/generation_files.h"
#include "engine/snapshot/answer_settings.h"
#include "engine/snapshot/made_snapshots.h"
#include "engine/snapshot/provisional_directory.h"
#include "engine/snapshot/recorded_queries.h"
#include "engine/snapshot/snapshot_manifest.h"

namespace tamis::engine {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxManifestBytes = 256u << 20;
constexpr std::chrono::hours kRestoreTimeout(24);
constexpr std::chrono::seconds kSnapshotOnlineGrace(2);
constexpr double kRecordingBudgetUs = 10'000;

// Files of a generation never change, so that a link is a copy; where links cannot be made, bytes are copied.
Status link_files(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::create_directories(to, error);
  for (fs::directory_iterator entry(from, error), end; !error && entry != end; entry.increment(error)) {
    TAMIS_RETURN_IF_ERROR(check_cancelled());
    const fs::path target = to / entry->path().filename();
    if (fs::exists(target, error)) continue;
    fs::create_hard_link(entry->path(), target, error);
    if (error) fs::copy_file(entry->path(), target, error);
    if (error) break;
  }
  if (error) return Status::io_error("cannot copy " + from.string() + " to " + to.string() + ": " + error.message());
  return Status::ok();
}

std::set<std::string> file_names(const fs::path& dir) {
  std::set<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error))
    names.insert(entry->path().filename().string());
  return names;
}

// The generations of a snapshot. They come and go while it is made: those that are there are linked before the cut,
// what became known until then is added in it, and the others are dropped after it.
class GenerationCopies {
 public:
  GenerationCopies(fs::path from, fs::path to) : from_(std::move(from)), to_(std::move(to)) {}

  // Whatever goes away meanwhile is not wanted at the cut.
  Status prepare() const {
    std::error_code error;
    fs::create_directories(to_, error);
    if (error) return Status::io_error("cannot create " + to_.string() + ": " + error.message());
    for (const std::string& name : file_names(from_)) {
      if (name.ends_with(kTemporarySuffix) || !fs::is_directory(from_ / name, error)) continue;
      if (!link_files(from_ / name, to_ / name).is_ok()) remove(name);
      TAMIS_RETURN_IF_ERROR(check_cancelled());
    }
    return Status::ok();
  }
  // REQUIRES: nothing is committed meanwhile. A registered generation without files stays one: it cannot be served from
  // the snapshot either.
  Status complete(const storage::Store& store) {
    TAMIS_ASSIGN_OR_RETURN(const auto documents, store.list_documents("generation"));
    for (const storage::Document& document : documents) {
      registered_.insert(document.name);
      const fs::path from = from_ / document.name;
      if (file_names(from) == file_names(to_ / document.name)) continue;
      remove(document.name);
      if (fs::exists(from)) TAMIS_RETURN_IF_ERROR(link_files(from, to_ / document.name));
    }
    return Status::ok();
  }
  void drop_others() const {
    for (const std::string& name : file_names(to_))
      if (!registered_.contains(name)) remove(name);
  }

 private:
  void remove(const std::string& name) const {
    std::error_code ignored;
    fs::remove_all(to_ / name, ignored);
  }
  const fs::path from_;
  const fs::path to_;
  std::set<std::string> registered_;
};

}  // namespace

// Holds the name of a snapshot while it is made.
class DatabaseImpl::SnapshotName {
 public:
  static Result<std::unique_ptr<SnapshotName>> take(DatabaseImpl* database, const fs::path& place) {
    const MutexLock lock(database->snapshot_mutex_);
    if (!database->snapshots_.insert(place.string()).second)
      return Status::already_exists("the snapshot " + place.string() + " is being made");
    return std::unique_ptr<SnapshotName>(new SnapshotName(database, place.string()));
  }
  ~SnapshotName() {
    const MutexLock lock(database_.snapshot_mutex_);
    database_.snapshots_.erase(place_);
  }
  SnapshotName(const SnapshotName&) = delete;
  SnapshotName& operator=(const SnapshotName&) = delete;

 private:
  SnapshotName(DatabaseImpl* database, std::string place) : database_(*database), place_(std::move(place)) {}
  DatabaseImpl& database_;
  const std::string place_;
};

Status DatabaseImpl::snapshot(const fs::path& dir) {
  TAMIS_RETURN_IF_ERROR(readiness_.status());
  const fs::path place = normal_place(dir);
  TAMIS_ASSIGN_OR_RETURN(const auto name, SnapshotName::take(this, place));
  if (fs::exists(place)) return Status::already_exists(place.string() + " exists; expected a directory to be made");
  TAMIS_ASSIGN_OR_RETURN(ProvisionalDirectory made, ProvisionalDirectory::create(place, "partial"));

  // Index files and generations first, while writes go on: a restore brings the indexes up to the cut from the log.
  if (online_ != nullptr && options_.online.enabled)
    online_->wait_idle(kSnapshotOnlineGrace);  // so that it holds what is due
  TAMIS_RETURN_IF_ERROR(copy_indexes(made.path() / "index"));
  GenerationCopies generations(layout_.generations, made.path() / "generations");
  TAMIS_RETURN_IF_ERROR(generations.prepare());
  TAMIS_RETURN_IF_ERROR(check_cancelled());
  SnapshotManifest manifest;
  manifest.created_ms = options_.clock->now_ms();
  manifest.settings = answer_settings_to_json(options_);
  TAMIS_RETURN_IF_ERROR(store_->flush());  // so that little is left to be written between two commits
  Status cut;
  between_commits("snapshot", [&] {
    cut = [&]() -> Status {
      manifest.sequence = visible_.get();
      TAMIS_RETURN_IF_ERROR(store_->checkpoint(made.path() / "store"));
      TAMIS_RETURN_IF_ERROR(generations.complete(*store_));
      TAMIS_ASSIGN_OR_RETURN(manifest.queries, record_queries(*live()->pin(), manifest.created_ms, kRecordingBudgetUs));
      return Status::ok();
    }();
  });
  TAMIS_RETURN_IF_ERROR(cut);
  generations.drop_others();
  TAMIS_ASSIGN_OR_RETURN(manifest.files, list_snapshot_files(made.path()));
  TAMIS_RETURN_IF_ERROR(write_file_synced(made.path() / kManifestName, snapshot_manifest_to_json(manifest)));
  TAMIS_RETURN_IF_ERROR(made.keep());
  spdlog::info("a snapshot of sequence {} is at {}", manifest.sequence, place.string());
  MutexLock lock(save_mutex_);
  return add_made_snapshot(layout_.snapshots_made, {place.string(), manifest.created_ms, manifest.sequence});
}

Status DatabaseImpl::check_recorded(const std::vector<RecordedQuery>& queries, TimestampMs now_ms) const {
  const auto here = live();
  const Status same = check_recorded_queries(*here->pin(), now_ms, queries);
  if (same.is_ok() || here->quarantine().counts().empty()) return same;
  // What is set aside here may have served there, or have hidden others.
  spdlog::warn("rows of the snapshot are set aside, and answers are not those recorded with it: {}", same.to_string());
  return Status::ok();
}

}  // namespace tamis::engine

namespace tamis {

Status Database::restore(const std::filesystem::path& snapshot_dir, const std::filesystem::path& data_dir,
                         const DatabaseOptions& options, bool is_strict, std::vector<std::string>* warnings) {
  using namespace engine;
  std::error_code error;
  if (fs::exists(data_dir) && !fs::is_empty(data_dir, error)) {
    return Status::already_exists(data_dir.string() + " is not empty; expected a new or an empty directory");
  }
  TAMIS_ASSIGN_OR_RETURN(const std::string text, read_whole_file(snapshot_dir / kManifestName, kMaxManifestBytes));
  TAMIS_ASSIGN_OR_RETURN(const SnapshotManifest manifest, parse_snapshot_manifest(text));
  TAMIS_RETURN_IF_ERROR(verify_snapshot_files(snapshot_dir, manifest.files));

  std::vector<std::string> differing = differing_settings(manifest.settings, options);
  TAMIS_ASSIGN_OR_RETURN(ProvisionalDirectory made, ProvisionalDirectory::create(data_dir, "restoring"));
  for (const SnapshotFile& file : manifest.files) {
    const fs::path target = made.path() / file.path;
    fs::create_directories(target.parent_path(), error);
    fs::copy_file(snapshot_dir / file.path, target, error);
    if (error) return Status::io_error("cannot copy " + file.path + ": " + error.message());
  }
  {
    DatabaseOptions opening = options;
    opening.read_only = true;  // no sweep changes what is compared
    TAMIS_RETURN_IF_ERROR(apply_answer_settings(manifest.settings, &opening));
    TAMIS_ASSIGN_OR_RETURN(const auto database, DatabaseImpl::open(made.path(), opening));
    TAMIS_RETURN_IF_ERROR(database->wait_ready(kRestoreTimeout));
    if (database->sequence() != manifest.sequence) {
      return Status::corruption("the restored database ends at sequence " + std::to_string(database->sequence()) +
                                "; the snapshot was taken at " + std::to_string(manifest.sequence));
    }
    const Status answers = database->check_recorded(manifest.queries, manifest.created_ms);
    if (!answers.is_ok()) differing.push_back(answers.message());
  }
  if (is_strict && !differing.empty()) return Status::failed_precondition(differing.front());
  if (warnings != nullptr) *warnings = std::move(differing);
  return made.keep();
}

}  // namespace tamis
