// Store: the tables and the log of one database directory, on RocksDB.
//
// Promises: a commit is atomic (log record and table rows in one WriteBatch) and numbered by consecutive sequences;
// with Durability::kSync it survives power loss once commit() has returned ok. Opening detects a missing or damaged
// log, refuses a format newer than this build, and upgrades an older one. Threads: reads are thread-safe and never
// block commits. commit() and reopen() are externally synchronised (CommitQueue). Errors: io_error and corruption as
// RocksDB reports them; after a failed commit whose outcome is unknown, every commit answers unavailable until reopen()
// succeeds.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/records.h"
#include "common/status.h"
#include "storage/departed_users.h"
#include "storage/id_table.h"
#include "storage/impression.h"

namespace rocksdb {
class FileSystem;
}

namespace tamis::storage {

struct StoreOptions {
  std::uint64_t block_cache_bytes = 256ull << 20;  // shared by all column families; memtables are charged to it
  std::uint64_t memtable_bytes = 128ull << 20;     // over all column families
  std::uint64_t min_free_disk_bytes = 512ull
                                      << 20;  // watermark: below it commits answer resource_exhausted; 0 turns it off
  std::int64_t idempotency_ttl_s = 7 * 24 * 3600;  // how long a repeated key is recognised
  bool read_only = false;
  const Clock* clock = &Clock::system();
  std::shared_ptr<rocksdb::FileSystem>
      file_system;  // tests: simulated power cuts and full disks; null for the real one
};

struct StoredInteraction {
  Sequence sequence = 0;
  DenseId user = kNoDenseId;
  DenseId item = kNoDenseId;
  InteractionTypeId type = 0;
  TimestampMs timestamp_ms = 0;
  std::optional<double> value;
  Features context;
  std::string recommendation_id;
  std::string idempotency_key;
  std::string import_id;
};

// One mutation as it was committed. A PatchEntity is recorded as the PutEntity that it amounts to.
struct CommittedRecord {
  Sequence sequence = 0;
  TimestampMs committed_ms = 0;
  DenseId user = kNoDenseId;     // of the user that the mutation names, where it names one
  DenseId item = kNoDenseId;     // likewise
  DenseId session = kNoDenseId;  // of a MergeUser
  bool duplicate = false;  // an interaction whose idempotency key had been seen: acknowledged, not stored, no sequence
  Mutation mutation;
  // What a record does beside what it says. Known at the commit; the log does not tell it again.
  bool new_user = false;                         // the user had never been seen, and exists from here on
  bool new_item = false;                         // likewise
  std::vector<StoredInteraction> affected = {};  // the interactions that it deleted or moved, as they stood before
};

// What a record did to interactions that were there: it deleted them, or moved them to another user. Kept until nothing
// that is built from the log needs it.
struct TakenInteractions {
  Sequence sequence = 0;
  DenseId to = kNoDenseId;              // who has them now; none: they were deleted
  std::vector<StoredInteraction> rows;  // as they stood before; user, item, type, timestamp, sequence and value
};

struct Document {
  std::string name;
  std::string json;
};

struct StoreCounts {
  std::uint64_t users = 0;                       // live
  std::uint64_t items = 0;                       // live
  std::uint64_t interactions = 0;                // stored
  std::map<std::string, std::uint64_t> vectors;  // by space
};

// What a group of writes came to: records of the accepted writes in order, and one answer per write.
struct CommittedGroup {
  std::vector<CommittedRecord> records;  // duplicates included, marked
  std::vector<Result<WriteAck>> acks;
};

class Store {
 public:
  // Creates the directory where it does not exist. invalid_argument, failed_precondition (newer format, locked by
  // another process), corruption, io_error.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, const StoreOptions& options);
  virtual ~Store() = default;

  // --- writing ---
  // Commits all of `mutations` or none. Users and items of interactions and vectors that were never seen are created;
  // those that were deleted stay deleted, and what is written of them is history.
  // REQUIRES: the mutations are valid (ids, finite numbers, vector of the space's dim).
  // not_found (patch of an id never seen, delete or merge of what is not live, vector for an unknown space),
  // already_exists (space with another definition), resource_exhausted (disk watermark), unavailable (poisoned),
  // io_error. Deletes are accepted below the watermark.
  virtual Result<std::vector<CommittedRecord>> commit(std::span<const Mutation> mutations, Durability durability) = 0;
  // Commits several writes in one batch with one fsync. Each write is all or nothing by itself: one that is refused
  // leaves the others untouched. Later writes see earlier ones. The mutations are moved into the records.
  // A failed Result means that the whole group failed: its outcome is unknown until reopen().
  virtual Result<CommittedGroup> commit_group(std::span<std::vector<Mutation>> writes, Durability durability) = 0;
  virtual Status sync() = 0;    // fsync of what kInterval and kNone left behind
  virtual Status reopen() = 0;  // after a failed commit

  // --- state ---
  virtual Sequence last_sequence() const = 0;
  virtual bool is_writable() const = 0;  // false while poisoned, read-only or below the disk watermark
  virtual const IdTable& ids(EntityKind kind) const = 0;
  virtual std::string interaction_type_name(InteractionTypeId type) const = 0;
  virtual std::optional<InteractionTypeId> find_interaction_type(std::string_view name) const = 0;
  virtual StoreCounts counts() const = 0;

  // --- reading ---
  virtual Result<Entity> get_entity(EntityKind kind, DenseId id) const = 0;
  // In dense-id order from `first`; the callback returns false to stop. Expired entities are included.
  virtual Status scan_entities(EntityKind kind, DenseId first,
                               const std::function<bool(DenseId, Entity&&)>& visit) const = 0;

  // Newest first. `before` continues after an earlier page: its last row's timestamp and sequence.
  struct InteractionCursor {
    TimestampMs timestamp_ms = 0;
    Sequence sequence = 0;
  };
  virtual Result<std::vector<StoredInteraction>> user_interactions(
      DenseId user, std::size_t limit, std::optional<InteractionCursor> before = std::nullopt) const = 0;
  virtual Result<std::vector<StoredInteraction>> item_interactions(
      DenseId item, std::size_t limit, std::optional<InteractionCursor> before = std::nullopt) const = 0;
  // Every interaction of one consistent snapshot, by user, newest first within a user. Context is left empty where it
  // is not asked for: reading it costs its size.
  virtual Status scan_interactions(bool with_context,
                                   const std::function<bool(const StoredInteraction&)>& visit) const = 0;
  // The same by item, newest first within an item, without what came before the item's last deletion: what counts
  // kept up live by item amount to. Context and recommendation id are left empty.
  virtual Status scan_interactions_by_item(const std::function<bool(const StoredInteraction&)>& visit) const = 0;

  virtual std::vector<Space> spaces() const = 0;
  virtual Result<Space> get_space(std::string_view name) const = 0;
  virtual Result<VersionedVector> get_vector(std::string_view space, EntityKind kind, DenseId id) const = 0;
  // Many at once, in any order: visit(i, the vector of ids[i]) for each that there is.
  virtual Status get_vectors(std::string_view space, EntityKind kind, std::span<const DenseId> ids,
                             const std::function<void(std::size_t, VersionedVector&&)>& visit) const = 0;
  // In dense-id order over one consistent snapshot; the span is valid during the call.
  virtual Status scan_vectors(std::string_view space, EntityKind kind,
                              const std::function<bool(DenseId, std::span<const float>)>& visit) const = 0;

  virtual Result<std::string> get_document(std::string_view collection, std::string_view name) const = 0;
  virtual Result<std::vector<Document>> list_documents(std::string_view collection) const = 0;

  // The change feed: records with sequence >= from, in order. failed_precondition where the log no longer reaches back.
  // Erased users appear as anonymise() leaves them.
  virtual Status read_log(Sequence from, const std::function<bool(const CommittedRecord&)>& visit) const = 0;
  virtual Sequence first_log_sequence() const = 0;  // of the oldest record; 1 where there is none yet

  // What the records after `after` deleted or moved, in order: one for each deletion of a user or of interactions and
  // each merge, however little it took. (CommittedRecord::affected, which the log does not tell again.)
  virtual Status scan_taken(Sequence after, const std::function<bool(TakenInteractions&&)>& visit) const {
    (void)after;
    (void)visit;
    return Status::internal("this store does not keep what records took");
  }

  // --- forgetting: on one thread, beside commits ---
  // Nobody will ask scan_taken() for `through` and before.
  virtual Status forget_taken(Sequence through) {
    (void)through;
    return Status::ok();
  }
  struct LogRetention {
    TimestampMs committed_from_ms = 0;  // older records go
    std::uint64_t max_bytes = 0;        // of the rest the oldest go until it is about so small; 0: no bound
    Sequence keep_from = 0;             // but none from here on, nor the last one
    // What is kept beside the log may name sessions that were merged from here on.
    Sequence names_from = std::numeric_limits<Sequence>::max();
  };
  // Answers the first sequence that is left. Names that no record says any more are forgotten.
  virtual Result<Sequence> trim_log(const LogRetention& retention) = 0;
  virtual std::vector<DepartedUser> departed_users() const = 0;
  // Those of them who were erased, the sessions that were merged into them among them.
  virtual std::vector<DepartedUser> erased_users() const = 0;
  // A user of this name was erased, the files may still say it, and nobody has begun anew under it.
  virtual bool is_being_erased(std::string_view user) const = 0;
  // Takes these of erased_users() out of the log, the other tables and the files under them. Takes as long as rewriting
  // those files does. `stop` ends it early with unavailable; the next call goes on.
  virtual Status erase_departed(std::span<const DepartedUser> erased, std::atomic<bool>* stop) = 0;

  // --- impressions: written beside the log, not through it ---
  // One batch, never synced by itself: a crash loses at most what the last sync of the store did not cover, from the
  // end. A row that is there already is replaced by its equal. Thread-safe beside commits.
  // resource_exhausted (disk watermark), unavailable (poisoned, reopening), io_error: nothing was written.
  virtual Status write_impressions(const ImpressionBatch& batch) = 0;
  // Lists served in [from_ms, to_ms), by time, each with its outcomes by sequence; over one consistent snapshot. An
  // outcome whose list is not there is left out. The references are valid during the call.
  virtual Status scan_impressions(
      TimestampMs from_ms, TimestampMs to_ms,
      const std::function<bool(const Impression&, std::span<const Outcome>)>& visit) const = 0;
  virtual Status remove_impressions(std::span<const ImpressionRow> rows) = 0;
  // Removes the lists served before `before_ms`, with their outcomes.
  virtual Status prune_impressions(TimestampMs before_ms) = 0;
  virtual Result<Sequence> attributed_through() const = 0;  // 0: nothing yet

  // --- operation ---
  // A consistent copy (hard links where the file system has them) in `dir`, which must not exist. Serving goes on. What
  // is not in files yet, less the sooner a flush() came before, is copied as write-ahead log.
  virtual Status checkpoint(const std::filesystem::path& dir) const = 0;
  // Writes what the tables hold in memory to files. Runs beside commits.
  virtual Status flush() = 0;
  // RocksDB's own figures by name, for /metrics: "rocksdb_block_cache_usage_bytes" and so on.
  virtual std::map<std::string, double> statistics() const = 0;
  virtual std::uint64_t free_disk_bytes() const = 0;
};

}  // namespace tamis::storage
