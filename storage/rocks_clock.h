// RocksClock: the system's clock for RocksDB, never before 1970. RocksDB ends the process (an assertion of its
// memtables) where a write finds the clock before that.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/system_clock.h>

#include <memory>

namespace tamis::storage {

// Thread-safe.
class RocksClock final : public rocksdb::SystemClockWrapper {
 public:
  explicit RocksClock(const std::shared_ptr<rocksdb::SystemClock>& system) : SystemClockWrapper(system) {}
  const char* Name() const override { return "RocksClock"; }
  rocksdb::Status GetCurrentTime(std::int64_t* unix_time) override;
};

// `target`, but for its clock.
std::unique_ptr<rocksdb::Env> with_rocks_clock(std::unique_ptr<rocksdb::Env> target);

}  // namespace tamis::storage
