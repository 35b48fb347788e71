// EntityTable: users or items in memory by dense id, what a query touches per candidate; RocksDB is the truth behind
// it.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/records.h"

namespace tamis::engine {

// Thread-safe: any number of readers beside one writer. Rows never move, so growth stalls no reader.
class EntityTable {
 public:
  // The entity, or null where it was never put, was deleted or has expired by `now_ms`.
  std::shared_ptr<const Entity> get(DenseId id, TimestampMs now_ms) const;
  bool is_live(DenseId id, TimestampMs now_ms) const;
  // Live, and not hidden: it may be in an answer.
  bool is_shown(DenseId id, TimestampMs now_ms) const;
  // True where the entity was put and not deleted, expired or not.
  bool contains(DenseId id) const;
  // When the entity was first seen (its first write), Unix ms; 0 where it is not there.
  TimestampMs first_seen_ms(DenseId id) const;
  // One past the highest id that was ever put, deleted ones included.
  std::size_t id_end() const;
  std::size_t live_count() const;  // expired ones count until they are swept
  std::uint64_t memory_bytes() const;

  // Visits what is there from `first` on in dense-id order until `visit` returns false. Takes the lock in short spells:
  // what is written meanwhile may or may not be visited.
  void scan(DenseId first, const std::function<bool(DenseId, const std::shared_ptr<const Entity>&)>& visit) const;

  // Writer only. `first_seen_ms` counts where the entity is new; a replaced one keeps its own.
  void put(DenseId id, Entity entity, TimestampMs first_seen_ms);
  void remove(DenseId id);
  // There are ids below `id_end` that were deleted before this process began.
  void extend(std::size_t id_end);

 private:
  struct Row {
    std::shared_ptr<const Entity> entity;
    TimestampMs first_seen_ms = 0;
  };
  const Row* find(DenseId id) const TAMIS_REQUIRES_SHARED(mutex_);

  mutable SharedMutex mutex_;
  std::deque<Row> rows_ TAMIS_GUARDED_BY(mutex_);
  std::size_t live_count_ TAMIS_GUARDED_BY(mutex_) = 0;
  std::uint64_t memory_bytes_ TAMIS_GUARDED_BY(mutex_) = 0;
};

}  // namespace tamis::engine
