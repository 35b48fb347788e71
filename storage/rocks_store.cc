#include "storage/rocks_store.h"

#include <rocksdb/file_system.h>
#include <rocksdb/utilities/checkpoint.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <future>

#include "storage/format_version.h"
#include "storage/marker_file.h"
#include "storage/ordered_logs.h"
#include "storage/rocks_status.h"
#include "storage/write_stage.h"

namespace tamis::storage {
namespace {

constexpr std::size_t kProbeBytes = 64 << 10;

bool only_deletes(std::span<const Mutation> mutations) {
  return std::all_of(mutations.begin(), mutations.end(), [](const Mutation& mutation) {
    return std::holds_alternative<DeleteEntity>(mutation) || std::holds_alternative<DeleteVector>(mutation) ||
           std::holds_alternative<DeleteSpace>(mutation) || std::holds_alternative<DeleteDocument>(mutation) ||
           std::holds_alternative<DeleteInteractions>(mutation);
  });
}

Status create_directories(rocksdb::FileSystem* file_system, const std::filesystem::path& dir) {
  std::filesystem::path so_far;
  for (const std::filesystem::path& part : dir) {
    so_far /= part;
    if (so_far == "/" || so_far.empty()) continue;
    const rocksdb::IOStatus status = file_system->CreateDirIfMissing(so_far.string(), rocksdb::IOOptions(), nullptr);
    if (!status.ok()) return from_rocks(status, "create " + so_far.string());
  }
  return Status::ok();
}

// The newest log holds what was written last; RocksDB does not miss it. A later one than the marker's is there where a
// build that writes no marker came in between, or where a writer beside this reader has begun one.
Status check_newest_log(rocksdb::FileSystem* file_system, const std::string& dir) {
  const std::optional<std::uint64_t> newest = read_marker(file_system, dir, kNewestLog);
  if (!newest) return Status::ok();
  std::vector<std::string> files;
  const rocksdb::IOStatus listed = file_system->GetChildren(dir, rocksdb::IOOptions(), &files, nullptr);
  if (!listed.ok()) return from_rocks(listed, "list " + dir);
  const bool is_there = std::any_of(files.begin(), files.end(),
                                    [&](const std::string& file) { return log_number(file).value_or(0) >= *newest; });
  if (is_there) return Status::ok();
  return Status::corruption("the newest write-ahead log of " + dir + ", number " + std::to_string(*newest) +
                            ", is missing: what was written last was in it; put it back or restore the directory from "
                            "a snapshot (without the file " +
                            std::string(kNewestLog.file) + " the directory opens as it is)");
}

}  // namespace

RocksStore::RocksStore(std::string dir, const StoreOptions& options)
    : dir_(std::move(dir)), options_(options), resources_(options_) {}

Result<std::unique_ptr<Store>> RocksStore::open(const std::filesystem::path& dir, const StoreOptions& options) {
  if (dir.empty()) return Status::invalid_argument("the data directory is empty").at_field("data_dir");
  if (const TimestampMs now_ms = options.clock->now_ms(); now_ms < 0 && !options.read_only) {
    return Status::failed_precondition("the clock says " + format_rfc3339(now_ms) +
                                       "; writes carry its time: set it before starting");
  }
  const std::string path = std::filesystem::absolute(dir).lexically_normal().string();
  std::unique_ptr<RocksStore> store(new RocksStore(path, options));
  if (!options.read_only) TAMIS_RETURN_IF_ERROR(create_directories(store->resources_.file_system(), path));
  TAMIS_RETURN_IF_ERROR(store->load());
  return std::unique_ptr<Store>(std::move(store));
}

RocksStore::~RocksStore() {
  const bool clean = !poisoned_ && !options_.read_only && sync().is_ok();
  const Sequence last = last_sequence();
  bool was_open = false;
  {
    ReaderLock lock(published_mutex_);
    was_open = published_.database != nullptr;
    if (clean && was_open) {  // so that the next opening replays no log
      const Status flushed = published_.database->flush();
      if (!flushed.is_ok()) spdlog::warn("close {}: {}", dir_, flushed.to_string());
    }
  }
  close();
  if (!clean || !was_open) return;
  const rocksdb::IOStatus marked = write_marker(resources_.file_system(), dir_, kCleanShutdown, last);
  if (!marked.ok()) spdlog::warn("write {} of {}: {}", kCleanShutdown.file, dir_, marked.ToString());
}

Status RocksStore::load() {
  rocksdb::FileSystem* file_system = resources_.file_system();
  const std::optional<Sequence> clean_sequence = read_marker(file_system, dir_, kCleanShutdown);
  if (!clean_sequence) TAMIS_RETURN_IF_ERROR(check_newest_log(file_system, dir_));
  TAMIS_RETURN_IF_ERROR(check_format(dir_, resources_, options_.read_only));
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<OpenDatabase> database,
                         OpenDatabase::open(dir_, resources_, options_.read_only));
  if (!options_.read_only) TAMIS_RETURN_IF_ERROR(settle_format(database.get()));
  TAMIS_ASSIGN_OR_RETURN(StoreState state, load_state(database.get(), options_.read_only));
  if (clean_sequence && state.last_sequence < *clean_sequence) {
    return Status::corruption(dir_ + " was closed in good order at sequence " + std::to_string(*clean_sequence) +
                              " but holds only " + std::to_string(state.last_sequence) +
                              "; its files were damaged since: restore it from a snapshot");
  }
  if (!options_.read_only) {
    TAMIS_RETURN_IF_ERROR(
        from_rocks(remove_marker(file_system, dir_, kCleanShutdown), "remove the clean-shutdown marker of " + dir_));
  }
  TAMIS_RETURN_IF_ERROR(load_departed_users(*database, &departed_));
  TAMIS_ASSIGN_OR_RETURN(const Sequence first, oldest_log_sequence(*database));
  first_log_sequence_.store(first, std::memory_order_release);
  auto users_loaded = std::async(std::launch::async, [&] { return load_id_table(*database, IdSpace::kUser, &users_); });
  const Status items_loaded = load_id_table(*database, IdSpace::kItem, &items_);
  TAMIS_RETURN_IF_ERROR(users_loaded.get());
  TAMIS_RETURN_IF_ERROR(items_loaded);
  TAMIS_RETURN_IF_ERROR(load_id_table(*database, IdSpace::kInteractionType, &types_));

  state_ = std::move(state);
  {
    WriterLock lock(published_mutex_);
    published_.database = std::move(database);
  }
  publish(state_);
  return Status::ok();
}

// The table in memory may be ahead (a tail that was never synced is gone) or behind (first load, a batch of unknown
// outcome that turned out to be there). What both hold is equal but for names that a number lost.
Status RocksStore::load_id_table(const OpenDatabase& database, IdSpace space, IdTable* table) {
  const auto named_twice = [](std::string_view name) {
    return Status::corruption("the table of ids names \"" + std::string(name) + "\" twice");
  };
  if (table->size() == 0) {
    TAMIS_RETURN_IF_ERROR(load_ids(database, space, [&](std::string_view name) -> Status {
      table->append(name);
      return Status::ok();
    }));
    const auto twice = table->link_appended();
    return twice ? named_twice(table->name(*twice)) : Status::ok();
  }
  std::size_t count = 0;
  TAMIS_RETURN_IF_ERROR(load_ids(database, space, [&](std::string_view name) -> Status {
    if (const auto known = table->find(name); known && *known < count) {
      return named_twice(name);
    }
    table->set(static_cast<DenseId>(count), name);
    ++count;
    return Status::ok();
  }));
  table->truncate(count);
  return Status::ok();
}

void RocksStore::publish(const StoreState& state) {
  {
    WriterLock lock(published_mutex_);
    published_.spaces = state.spaces;
    counts_ = state.counts();
  }
  last_sequence_.store(state.last_sequence, std::memory_order_release);
}

Result<RocksStore::Pin> RocksStore::pin() const {
  ReaderLock lock(published_mutex_);
  if (published_.database == nullptr) return Status::unavailable("the store is being reopened after a failed write");
  return published_;
}

// --- writing ---

Result<std::vector<CommittedRecord>> RocksStore::commit(std::span<const Mutation> mutations, Durability durability) {
  std::vector<Mutation> write(mutations.begin(), mutations.end());
  TAMIS_ASSIGN_OR_RETURN(CommittedGroup group, commit_group({&write, 1}, durability));
  if (!group.acks.front().is_ok()) return group.acks.front().status();
  return std::move(group.records);
}

Result<CommittedGroup> RocksStore::commit_group(std::span<std::vector<Mutation>> writes, Durability durability) {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  WriteStage stage({.database = pinned.database.get(),
                    .resources = &resources_,
                    .state = &state_,
                    .users = &users_,
                    .items = &items_,
                    .types = &types_,
                    .departed = &departed_,
                    .batch = &batch_,
                    .now_ms = options_.clock->now_ms(),
                    .idempotency_ttl_ms = options_.idempotency_ttl_s * 1'000});
  const bool disk_is_low = below_watermark();
  CommittedGroup group;
  group.acks.reserve(writes.size());
  for (std::vector<Mutation>& write : writes) {
    if (disk_is_low && !only_deletes(write)) {
      group.acks.emplace_back(
          Status::resource_exhausted("free disk space is below " + std::to_string(options_.min_free_disk_bytes >> 20) +
                                     " MiB; reads and deletes go on, and writes resume when space returns"));
    } else {
      group.acks.push_back(stage.add_write(&write));
    }
  }
  if (stage.has_rows()) {
    TAMIS_RETURN_IF_ERROR(stage.finish());
    TAMIS_RETURN_IF_ERROR(this->write(pinned, &batch_, stage.needs_sync() ? Durability::kSync : durability));
    // The write is committed; what fails here fails the next one.
    const Status flushed = pinned.database->flush_full_tables(batch_.GetDataSize());
    if (!flushed.is_ok()) spdlog::warn("storage: {}", flushed.to_string());
    const Status published = stage.publish();
    publish(state_);
    // The rows are committed; a column family that could not be dropped is dropped by the next open.
    if (!published.is_ok()) spdlog::warn("{}", published.to_string());
  } else if (durability == Durability::kSync) {
    TAMIS_RETURN_IF_ERROR(sync());  // a repeat is acknowledged as durable: its first writer may not have asked for it
  }
  group.records = stage.take_records();
  return group;
}

Status RocksStore::write(const Pin& pinned, rocksdb::WriteBatch* batch, Durability durability) {
  Status written = pinned.database->write(batch, durability, "commit");
  return written.is_ok() ? written : poison(std::move(written));
}

// An empty synced write syncs every log that is not synced yet. DB::SyncWAL() would do the same, but touches logs that
// a background thread already failed to sync, which RocksDB forbids (an assertion in Debian's build); a write looks
// first. Runs on any thread, beside commits: it leaves alone what belongs to the committing thread.
Status RocksStore::sync() {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::WriteBatch nothing;
  return write(pinned, &nothing, Durability::kSync);
}

// Neither the batch nor what the memory of this process says of it can be trusted now: only a reopen tells.
Status RocksStore::poison(Status cause) {
  poisoned_ = true;
  spdlog::error("storage: {}; writes stop until the store is reopened", cause.to_string());
  return cause;
}

Status RocksStore::writable_now() const {
  if (options_.read_only) return Status::failed_precondition("the store is open for reading only");
  if (poisoned_) return Status::unavailable("an earlier write failed; the store is about to be reopened");
  return Status::ok();
}

bool RocksStore::is_writable() const { return writable_now().is_ok() && !below_watermark(); }

bool RocksStore::below_watermark() const {
  return options_.min_free_disk_bytes > 0 && free_disk_bytes() < options_.min_free_disk_bytes;
}

std::uint64_t RocksStore::free_disk_bytes() const {
  std::uint64_t free_bytes = 0;
  const rocksdb::IOStatus status =
      resources_.file_system()->GetFreeSpace(dir_, rocksdb::IOOptions(), &free_bytes, nullptr);
  // A system that cannot tell does not stop writes: a disk that is really full still refuses them.
  return status.ok() ? free_bytes : std::numeric_limits<std::uint64_t>::max();
}

// --- reopening ---

Status RocksStore::reopen() {
  if (options_.read_only) return Status::failed_precondition("the store is open for reading only");
  // While the disk takes no writes, the poisoned database still answers reads: keep it.
  TAMIS_RETURN_IF_ERROR(probe_disk());
  poisoned_ = true;  // until the database is open again
  close();
  if (const Status loaded = load(); !loaded.is_ok()) {
    if (const Status reading = read_on(); !reading.is_ok())
      spdlog::error("storage: reads stop, too, until the store is reopened: {}", reading.to_string());
    return loaded;
  }
  poisoned_ = false;
  spdlog::info("storage: reopened at sequence {}", last_sequence());
  return Status::ok();
}

// Reads go on from what is on disk. Ids and counts in memory stay as they are: they may be ahead of it.
Status RocksStore::read_on() {
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<OpenDatabase> database, OpenDatabase::open(dir_, resources_, true));
  TAMIS_ASSIGN_OR_RETURN(const StoreState state, load_state(database.get(), true));
  WriterLock lock(published_mutex_);
  published_ = {std::move(database), state.spaces};
  return Status::ok();
}

std::uint64_t RocksStore::log_bytes() const {
  rocksdb::FileSystem* file_system = resources_.file_system();
  std::vector<std::string> children;
  std::uint64_t total = 0;
  if (!file_system->GetChildren(dir_, rocksdb::IOOptions(), &children, nullptr).ok()) return 0;
  for (const std::string& child : children) {
    std::uint64_t bytes = 0;
    if (child.ends_with(".log") &&
        file_system->GetFileSize(dir_ + "/" + child, rocksdb::IOOptions(), &bytes, nullptr).ok())
      total += bytes;
  }
  return total;
}

// Opening writes what the logs hold into tables, so that much must fit, and not a few bytes alone.
Status RocksStore::probe_disk() const {
  if (const std::uint64_t needed = log_bytes() + kProbeBytes; free_disk_bytes() < needed) {
    return Status::resource_exhausted("reopening " + dir_ + " needs " + std::to_string(needed) +
                                      " free bytes; the disk has " + std::to_string(free_disk_bytes()));
  }
  rocksdb::FileSystem* file_system = resources_.file_system();
  const std::string path = dir_ + "/PROBE.tmp";
  rocksdb::IOStatus status =
      rocksdb::WriteStringToFile(file_system, std::string(kProbeBytes, '\0'), path, /*should_sync=*/true);
  const rocksdb::IOStatus removed = file_system->DeleteFile(path, rocksdb::IOOptions(), nullptr);
  if (status.ok() && !removed.IsNotFound()) status = removed;
  return from_rocks(status, "write to " + dir_);
}

void RocksStore::close() {
  std::promise<void> closed;
  Pin last;
  {
    WriterLock lock(published_mutex_);
    last = std::exchange(published_, Pin());
  }
  state_ = StoreState();  // holds column family handles
  if (last.database == nullptr) return;
  last.database->start_closing();
  last.database->set_on_closed([&closed] { closed.set_value(); });
  last.spaces.reset();  // its column family handles go before the database
  last.database.reset();
  closed.get_future().wait();  // for the reads in flight
}

// --- state ---

std::optional<InteractionTypeId> RocksStore::find_interaction_type(std::string_view name) const {
  const auto id = types_.find(name);
  if (!id) return std::nullopt;
  return static_cast<InteractionTypeId>(*id);
}

StoreCounts RocksStore::counts() const {
  ReaderLock lock(published_mutex_);
  return counts_;
}

// --- operation ---

Status RocksStore::checkpoint(const std::filesystem::path& dir) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::Checkpoint* created = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(pinned.database->db(), &created);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(created);
  constexpr std::uint64_t kFlushNothing = std::numeric_limits<std::uint64_t>::max();
  if (status.ok()) status = checkpoint->CreateCheckpoint(std::filesystem::absolute(dir).string(), kFlushNothing);
  if (status.IsInvalidArgument())
    return Status::already_exists("snapshot to " + dir.string() + ": " + status.ToString());
  return from_rocks(status, "snapshot to " + dir.string());
}

Status RocksStore::flush() {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  return flush_all(pinned);
}

// Of a pin: the map of column families in the database is for the committing thread.
Status RocksStore::flush_all(const Pin& pin) {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (std::size_t i = 0; i < kTableCount; ++i) families.push_back(pin.database->table(static_cast<Table>(i)));
  for (const auto& [name, space] : *pin.spaces) families.push_back(space->family.get());
  return from_rocks(pin.database->db()->Flush(rocksdb::FlushOptions(), families), "flush");
}

}  // namespace tamis::storage
