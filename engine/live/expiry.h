// ExpiryQueue: when entities with a time to live are due to be swept.
//
// Expired entities are left out of answers by the reader; the sweep only deletes them for good, through the log. A
// write to an entity that is about to be swept must not be lost to the sweep: writers of entities that have a time to
// live register (protect), the sweep takes none that are registered (claim), and each waits for the other. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "common/mutex.h"

namespace tamis::engine {

class ExpiryQueue {
 public:
  struct Due {
    EntityKind kind = EntityKind::kItem;
    DenseId id = kNoDenseId;
    bool operator<(const Due& other) const { return std::pair(kind, id) < std::pair(other.kind, other.id); }
    bool operator==(const Due&) const = default;
  };

  // The entity now expires at `expires_ms`; 0: never.
  void set(EntityKind kind, DenseId id, TimestampMs expires_ms);
  void remove(EntityKind kind, DenseId id) { set(kind, id, 0); }

  // At most `limit` entities that have expired by `now_ms` and that no writer protects; they stay claimed until
  // release().
  std::vector<Due> claim(TimestampMs now_ms, std::size_t limit);
  void release(const std::vector<Due>& claimed);

  // Keeps the sweep away from an entity until unprotect(); waits while the sweep has it.
  void protect(const Due& entity);
  void unprotect(const Due& entity);

 private:
  Mutex mutex_;
  CondVar released_;
  std::set<std::pair<TimestampMs, Due>> by_time_ TAMIS_GUARDED_BY(mutex_);
  std::map<Due, TimestampMs> by_entity_ TAMIS_GUARDED_BY(mutex_);
  std::set<Due> claimed_ TAMIS_GUARDED_BY(mutex_);
  std::map<Due, std::size_t> protected_ TAMIS_GUARDED_BY(mutex_);
};

}  // namespace tamis::engine
