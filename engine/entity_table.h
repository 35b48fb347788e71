// EntityTable: users or items in memory by dense id, what a query touches per candidate; RocksDB is the truth behind
// it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "common/clock.h"
#include "common/mutex.h"
#include "common/records.h"

namespace tamis::engine {

// Thread-safe: any number of readers beside one writer.
class EntityTable {
 public:
  // The entity, or null where it was never put, was deleted or has expired by `now_ms`.
  std::shared_ptr<const Entity> get(DenseId id, TimestampMs now_ms) const;
  bool is_live(DenseId id, TimestampMs now_ms) const;
  // When the entity was first seen (its first write), Unix ms; 0 where it is not live.
  TimestampMs first_seen_ms(DenseId id) const;
  std::size_t live_count() const;
  std::uint64_t memory_bytes() const;

  // Writer only.
  void put(DenseId id, Entity entity, TimestampMs first_seen_ms);
  void remove(DenseId id);

 private:
  struct Row {
    std::shared_ptr<const Entity> entity;
    TimestampMs first_seen_ms = 0;
  };
  mutable SharedMutex mutex_;
  std::vector<Row> rows_ TAMIS_GUARDED_BY(mutex_);
  std::size_t live_count_ TAMIS_GUARDED_BY(mutex_) = 0;
  std::uint64_t memory_bytes_ TAMIS_GUARDED_BY(mutex_) = 0;
};

}  // namespace tamis::engine
