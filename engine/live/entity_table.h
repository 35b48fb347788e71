// EntityTable: users or items in memory by dense id, what a query touches per candidate; RocksDB is the truth behind
// it.
//
// A row is 8 bytes (of items 20), whatever is known of the entity. Its id is in the store's table of ids, its features
// are in the attribute index. An Entity is put together when one is asked for; those of items that were asked for
// lately are kept.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/records.h"
#include "index/attribute_index.h"
#include "storage/id_table.h"

namespace tamis::engine {

// Thread-safe: any number of readers beside one writer. Rows never move, so growth stalls no reader.
class EntityTable {
 public:
  // Counts the writes of a table: an entity with the same revision is the same entity.
  using Revision = std::uint32_t;

  // REQUIRES: both outlive this, and names has the id of every entity that is put.
  EntityTable(EntityKind kind, const storage::IdTable* names, index::AttributeIndex* attributes);

  // The entity, or null where it was never put, was deleted or has expired by `now_ms`. `revision`, where given, is
  // told that of an item; 0 where there is none.
  std::shared_ptr<const Entity> get(DenseId id, TimestampMs now_ms, Revision* revision = nullptr) const;
  bool is_live(DenseId id, TimestampMs now_ms) const;
  // Live, and not hidden: it may be in an answer.
  bool is_shown(DenseId id, TimestampMs now_ms) const;
  // True where the entity was put and not deleted, expired or not.
  bool contains(DenseId id) const;
  // When the item was first seen (its first write), Unix ms; 0 where it is not there, and for users.
  TimestampMs first_seen_ms(DenseId id) const;
  // One past the highest id that was ever put, deleted ones included.
  std::size_t id_end() const;
  std::size_t live_count() const;      // expired ones count until they are swept
  std::uint64_t memory_bytes() const;  // without ids and features

  // Visits what is there from `first` on in dense-id order until `visit` returns false. Takes the lock in short spells:
  // what is written meanwhile may or may not be visited.
  void scan_ids(DenseId first, const std::function<bool(DenseId)>& visit) const;
  // The same with each entity put together: about a microsecond each.
  void scan(DenseId first, const std::function<bool(DenseId, const std::shared_ptr<const Entity>&)>& visit) const;

  // Writer only; the features go to the attribute index, too. `first_seen_ms` counts where the item is new; a replaced
  // one keeps its own.
  void put(DenseId id, const Entity& entity, TimestampMs first_seen_ms);
  void remove(DenseId id);
  // There are ids below `id_end` that were deleted before this process began.
  void extend(std::size_t id_end);

 private:
  struct Row {
    std::int64_t updated_ms : 56 = 0;
    bool is_there : 1 = false;
    bool is_hidden : 1 = false;
    bool has_more : 1 = false;  // a row of more_
  };
  static_assert(sizeof(Row) == 8);
  struct More {
    TimestampMs expires_ms = 0;
    std::uint64_t version = 0;
  };
  // Entities that were put together, by a hash of the id; a newer one takes the place of an older.
  struct Kept {
    DenseId id = kNoDenseId;
    Revision revision = 0;
    std::shared_ptr<const Entity> entity;
  };
  struct KeptShard {
    Mutex mutex;
    std::vector<Kept> slots TAMIS_GUARDED_BY(mutex);
  };
  static constexpr std::size_t kKeptShards = 64;
  static constexpr std::size_t kKeptSlots = 256;  // of a shard

  const Row* find(DenseId id) const TAMIS_REQUIRES_SHARED(mutex_);
  bool has_expired(DenseId id, const Row& row, TimestampMs now_ms) const TAMIS_REQUIRES_SHARED(mutex_);
  // Null where it is not there. Any time counts as before its end where `now_ms` is the least.
  std::shared_ptr<const Entity> make(DenseId id, TimestampMs now_ms, Revision* revision) const;

  const bool is_item_;
  const storage::IdTable* const names_;
  index::AttributeIndex* const attributes_;
  mutable SharedMutex mutex_;
  std::deque<Row> rows_ TAMIS_GUARDED_BY(mutex_);
  std::deque<TimestampMs> first_seen_ TAMIS_GUARDED_BY(mutex_);  // of items
  std::deque<Revision> revisions_ TAMIS_GUARDED_BY(mutex_);      // of items
  std::unordered_map<DenseId, More> more_ TAMIS_GUARDED_BY(mutex_);
  Revision newest_revision_ TAMIS_GUARDED_BY(mutex_) = 0;
  std::size_t live_count_ TAMIS_GUARDED_BY(mutex_) = 0;
  mutable std::array<KeptShard, kKeptShards> kept_;
};

}  // namespace tamis::engine
