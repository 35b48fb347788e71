// RocksStore, continued: the log's oldest records go, and the names of users who were erased.
#include <rocksdb/convenience.h>

#include <algorithm>
#include <limits>

#include "storage/anonymise.h"
#include "storage/log_codec.h"
#include "storage/rocks_status.h"
#include "storage/rocks_store.h"
#include "storage/table_scan.h"

namespace tamis::storage {
namespace {

constexpr std::size_t kRowsInBatch = 1'000;

Status stopped() { return Status::unavailable("closing"); }

}  // namespace

Result<TimestampMs> RocksStore::committed_at(const Pin& pin, Sequence sequence) const {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = pin.database->db()->Get(rocksdb::ReadOptions(), pin.database->table(Table::kLog),
                                                         log_key(sequence).view(), &value);
  TAMIS_RETURN_IF_ERROR(from_rocks(status, "read the log"));
  TimestampMs committed_ms = 0;
  Mutation ignored;
  TAMIS_RETURN_IF_ERROR(decode_log_record(value.ToStringView(), &committed_ms, &ignored));
  return committed_ms;
}

Result<Sequence> RocksStore::first_kept(Sequence first, Sequence last,
                                        const std::function<Result<bool>(Sequence)>& is_kept) const {
  while (first < last) {
    const Sequence middle = first + (last - first) / 2;
    TAMIS_ASSIGN_OR_RETURN(const bool kept, is_kept(middle));
    (kept ? last : first) = kept ? middle : middle + 1;
  }
  return last;
}

Result<Sequence> RocksStore::trim_log(const LogRetention& retention) {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::DB* db = pinned.database->db();
  rocksdb::ColumnFamilyHandle* log = pinned.database->table(Table::kLog);
  const Sequence first = first_log_sequence();
  const Sequence last = std::min(last_sequence(), retention.keep_from);
  if (first >= last) return first;
  TAMIS_ASSIGN_OR_RETURN(Sequence keep, first_kept(first, last, [&](Sequence sequence) -> Result<bool> {
                           TAMIS_ASSIGN_OR_RETURN(const TimestampMs at, committed_at(pinned, sequence));
                           return at >= retention.committed_from_ms;
                         }));
  if (retention.max_bytes > 0) {
    const std::string end = prefix_end(log_key(last_sequence()).view());
    TAMIS_ASSIGN_OR_RETURN(keep, first_kept(keep, last, [&](Sequence sequence) -> Result<bool> {
                             const LogKey begin = log_key(sequence);
                             const rocksdb::Range range(begin.view(), end);
                             std::uint64_t bytes = 0;
                             rocksdb::SizeApproximationOptions sizes;
                             sizes.include_memtables = true;
                             const rocksdb::Status status = db->GetApproximateSizes(sizes, log, &range, 1, &bytes);
                             TAMIS_RETURN_IF_ERROR(from_rocks(status, "measure the log"));
                             return bytes <= retention.max_bytes;
                           }));
  }
  if (keep <= first) return first;
  // Synced before files go: a power cut must not bring back a part of what was deleted.
  const LogKey begin = log_key(first);
  const LogKey end = log_key(keep);
  rocksdb::WriteBatch range;
  TAMIS_RETURN_IF_ERROR(from_rocks(range.DeleteRange(log, begin.view(), end.view()), "trim the log"));
  TAMIS_RETURN_IF_ERROR(pinned.database->write(&range, Durability::kSync, "trim the log"));
  first_log_sequence_.store(keep, std::memory_order_release);
  const rocksdb::Slice from(begin.view());
  const rocksdb::Slice to(end.view());
  TAMIS_RETURN_IF_ERROR(
      from_rocks(rocksdb::DeleteFilesInRange(db, log, &from, &to, /*include_end=*/false), "trim the log"));
  TAMIS_RETURN_IF_ERROR(forget_merged(pinned, std::min(keep, retention.names_from)));
  return keep;
}

Status RocksStore::scan_taken(Sequence after, const std::function<bool(TakenInteractions&&)>& visit) const {
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  const auto read = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const auto sequence = decode_taken_key(key);
    if (!sequence) return Status::corruption("the table meta holds a malformed key");
    TakenInteractions taken;
    TAMIS_RETURN_IF_ERROR(decode_taken(value, &taken));
    taken.sequence = *sequence;
    return visit(std::move(taken));
  };
  return scan(*pinned.database, pinned.database->table(Table::kMeta), taken_key(after + 1), prefix_end(kTakenKeyPrefix),
              read);
}

Status RocksStore::forget_taken(Sequence through) {
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  rocksdb::ColumnFamilyHandle* meta = pinned.database->table(Table::kMeta);
  const std::string end = taken_key(through + 1);
  bool is_any = false;
  TAMIS_RETURN_IF_ERROR(scan(*pinned.database, meta, kTakenKeyPrefix, end,
                             [&](std::string_view /*key*/, std::string_view /*value*/) -> Result<bool> {
                               is_any = true;
                               return false;
                             }));
  if (!is_any) return Status::ok();
  rocksdb::WriteBatch range;
  TAMIS_RETURN_IF_ERROR(from_rocks(range.DeleteRange(meta, kTakenKeyPrefix, end), "forget what records took"));
  return pinned.database->write(&range, Durability::kNone, "forget what records took");
}

// Sessions that were merged before `first`: nothing names them.
Status RocksStore::forget_merged(const Pin& pin, Sequence first) {
  rocksdb::WriteBatch batch;
  std::vector<DenseId> gone;
  for (const DepartedUser& departed : departed_.all()) {
    if (departed.erased || departed.sequence >= first) continue;
    batch.Delete(pin.database->table(Table::kMeta), departed_key(departed.user));
    gone.push_back(departed.user);
  }
  if (gone.empty()) return Status::ok();
  TAMIS_RETURN_IF_ERROR(pin.database->write(&batch, Durability::kNone, "forget sessions"));
  for (const DenseId user : gone) departed_.remove(user);
  return Status::ok();
}

// In three steps, each of which may be repeated: the log says other names; `meta` says none; the files are rewritten,
// and `meta` says nothing.
Status RocksStore::erase_departed(std::span<const DepartedUser> erased, std::atomic<bool>* stop) {
  if (erased.empty()) return Status::ok();
  TAMIS_RETURN_IF_ERROR(writable_now());
  TAMIS_ASSIGN_OR_RETURN(const Pin pinned, pin());
  Sequence last = 0;
  for (const DepartedUser& user : erased) last = std::max(last, user.name.empty() ? 0 : user.sequence);
  TAMIS_RETURN_IF_ERROR(rewrite_log(pinned, last, *stop));

  rocksdb::ColumnFamilyHandle* meta = pinned.database->table(Table::kMeta);
  rocksdb::WriteBatch nameless;
  std::string value;
  for (DepartedUser user : erased) {
    user.name.clear();
    value.clear();
    encode_departed_user(user, &value);
    nameless.Put(meta, departed_key(user.user), value);
  }
  TAMIS_RETURN_IF_ERROR(pinned.database->write(&nameless, Durability::kSync, "forget names"));
  for (DepartedUser user : erased) {
    user.name.clear();
    departed_.put(std::move(user));
  }
  TAMIS_RETURN_IF_ERROR(rewrite_files(pinned, erased, stop));

  rocksdb::WriteBatch done;
  for (const DepartedUser& user : erased) done.Delete(meta, departed_key(user.user));
  TAMIS_RETURN_IF_ERROR(pinned.database->write(&done, Durability::kSync, "finish an erasure"));
  for (const DepartedUser& user : erased) departed_.remove(user.user);
  return Status::ok();
}

Status RocksStore::rewrite_log(const Pin& pin, Sequence last, const std::atomic<bool>& stop) {
  if (last == 0) return Status::ok();
  rocksdb::ColumnFamilyHandle* log = pin.database->table(Table::kLog);
  rocksdb::ColumnFamilyHandle* keys = pin.database->table(Table::kIdempotency);
  TAMIS_ASSIGN_OR_RETURN(const bool may_be_raw, has_raw_keys(*pin.database));
  rocksdb::WriteBatch batch;
  const auto write = [&]() -> Status {
    Status written = pin.database->write(&batch, Durability::kNone, "rewrite the log");
    batch.Clear();
    return written;
  };
  TimestampMs committed_ms = 0;
  Mutation mutation;
  std::string changed;
  const auto rewrite = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (stop.load(std::memory_order_relaxed)) return stopped();
    const auto sequence = decode_log_key(key);
    if (!sequence) return Status::corruption("the log holds a malformed key");
    TAMIS_RETURN_IF_ERROR(decode_log_record(value, &committed_ms, &mutation));
    std::string idempotency_key;
    if (const auto* put = std::get_if<PutInteraction>(&mutation)) idempotency_key = put->interaction.idempotency_key;
    if (!anonymise(*sequence, departed_, /*erased_only=*/true, &mutation)) return true;
    changed.clear();
    encode_log_record(committed_ms, mutation, &changed);
    batch.Put(log, key, changed);
    const auto* put = std::get_if<PutInteraction>(&mutation);
    if (put != nullptr && !idempotency_key.empty() && put->interaction.idempotency_key.empty()) {
      batch.Delete(keys, idempotency_table_key(idempotency_key));
      if (may_be_raw) batch.Delete(keys, idempotency_key);  // else the manifest could name it as a file's last key
    }
    if (batch.Count() >= static_cast<int>(kRowsInBatch)) TAMIS_RETURN_IF_ERROR(write());
    return true;
  };
  TAMIS_RETURN_IF_ERROR(
      scan(*pin.database, log, log_key(first_log_sequence()).view(), log_key(last + 1).view(), rewrite));
  return write();
}

// What was overwritten or deleted stays in the files until a compaction leaves it out. Afterwards the write-ahead logs
// that say it are gone, too: every table has been written to a file since.
Status RocksStore::rewrite_files(const Pin& pin, std::span<const DepartedUser> departed, std::atomic<bool>* stop) {
  rocksdb::DB* db = pin.database->db();
  TAMIS_RETURN_IF_ERROR(flush_all(pin));
  DenseId low = kNoDenseId;
  DenseId high = 0;
  for (const DepartedUser& user : departed) {
    low = std::min(low, user.user);
    high = std::max(high, user.user);
  }
  const auto compact = [&](rocksdb::ColumnFamilyHandle* family, std::string_view first,
                           std::string_view end) -> Status {
    if (stop->load(std::memory_order_relaxed)) return stopped();
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    options.canceled = stop;
    const rocksdb::Slice from = first;
    const rocksdb::Slice to = end;
    const rocksdb::Status status =
        db->CompactRange(options, family, first.empty() ? nullptr : &from, end.empty() ? nullptr : &to);
    if (status.IsIncomplete()) return stopped();
    return from_rocks(status, "compact " + family->GetName());
  };
  const EntityKey first_user = entity_key(low);
  const std::string last_user = prefix_end(entity_key(high).view());
  for (const Table table : {Table::kUsers, Table::kInteractions}) {
    TAMIS_RETURN_IF_ERROR(compact(pin.database->table(table), first_user.view(), last_user));
  }
  for (const Table table : {Table::kLog, Table::kIds, Table::kIdempotency, Table::kImpressions, Table::kMeta}) {
    TAMIS_RETURN_IF_ERROR(compact(pin.database->table(table), {}, {}));
  }
  const VectorKey first_vector = vector_key(EntityKind::kUser, low);
  const std::string last_vector = prefix_end(vector_key(EntityKind::kUser, high).view());
  for (const auto& [name, space] : *pin.spaces) {
    TAMIS_RETURN_IF_ERROR(compact(space->family.get(), first_vector.view(), last_vector));
  }
  return Status::ok();
}

}  // namespace tamis::storage
