// IdempotencyExpiry: lets compaction drop idempotency keys past their time. Reading ignores them by itself.
#pragma once

#include <rocksdb/compaction_filter.h>

#include <string>

#include "common/clock.h"

namespace tamis::storage {

// Thread-safe.
class IdempotencyExpiry final : public rocksdb::CompactionFilter {
 public:
  // REQUIRES: clock outlives the filter.
  explicit IdempotencyExpiry(const Clock* clock) : clock_(clock) {}
  const char* Name() const override { return "tamis.idempotency_expiry"; }
  // True where the row is to be dropped. A malformed row is kept: reading it reports the corruption.
  bool Filter(int level, const rocksdb::Slice& key, const rocksdb::Slice& existing_value, std::string* new_value,
              bool* value_changed) const override;

 private:
  const Clock* clock_;
};

}  // namespace tamis::storage
