// How RocksDB is set up: recovery, checksums, memory, background work, and each table's shape.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>
#include <rocksdb/statistics.h>
#include <rocksdb/table.h>

#include <memory>

#include "storage/store.h"
#include "storage/table.h"

namespace tamis::storage {

// What one store's database instances share over reopens: block cache, memtable budget, rate limit, statistics.
class RocksResources {
 public:
  explicit RocksResources(const StoreOptions& options);
  RocksResources(const RocksResources&) = delete;
  RocksResources& operator=(const RocksResources&) = delete;

  rocksdb::DBOptions database_options() const;
  rocksdb::ColumnFamilyOptions table_options(Table table) const;
  rocksdb::ColumnFamilyOptions vector_options() const;

  // How much one table may hold in memory before it is written to a file.
  std::uint64_t table_memory_bytes() const;

  rocksdb::FileSystem* file_system() const { return env_->GetFileSystem().get(); }
  const rocksdb::Cache& block_cache() const { return *block_cache_; }
  const rocksdb::Statistics& statistics() const { return *statistics_; }

 private:
  rocksdb::BlockBasedTableOptions block_options() const;
  rocksdb::ColumnFamilyOptions base_options() const;

  std::uint64_t memtable_bytes_;
  std::int64_t idempotency_ttl_s_;
  std::unique_ptr<rocksdb::Env> env_;
  std::shared_ptr<rocksdb::Cache> block_cache_;
  std::shared_ptr<rocksdb::WriteBufferManager> write_buffer_manager_;
  std::shared_ptr<rocksdb::RateLimiter> rate_limiter_;
  std::shared_ptr<rocksdb::Statistics> statistics_;
  std::shared_ptr<rocksdb::Logger> info_log_;
  std::unique_ptr<rocksdb::CompactionFilter> idempotency_expiry_;
};

}  // namespace tamis::storage
