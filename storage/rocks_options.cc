#include "storage/rocks_options.h"

#include <rocksdb/file_checksum.h>
#include <rocksdb/file_system.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/listener.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

#include "storage/idempotency_expiry.h"
#include "storage/ordered_logs.h"
#include "storage/rocks_clock.h"
#include "storage/rocks_log.h"

namespace tamis::storage {
namespace {

constexpr std::int64_t kBackgroundBytesPerSecond = 192ll << 20;  // flushes and compactions together
constexpr std::uint64_t kNeverFull = 64ull << 30;                // the largest memtable that RocksDB lets one ask for
constexpr std::uint64_t kLargestArenaBlockBytes = 1 << 20;
constexpr double kBloomBitsPerKey = 10;
constexpr int kHistoryPrefixBytes = 4;  // the owner of a history row

// RocksDB resumes by itself once a full disk has space again. Here one recovery is enough: the commit queue's, which
// reopens after every failure alike. (Both at once leak a memtable in 7.8.)
class NoSelfRecovery final : public rocksdb::EventListener {
 public:
  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason /*reason*/, rocksdb::Status error,
                            bool* auto_recovery) override {
    error.PermitUncheckedError();
    *auto_recovery = false;
  }
};

}  // namespace

RocksResources::RocksResources(const StoreOptions& options)
    : memtable_bytes_(std::max<std::uint64_t>(options.memtable_bytes, 64 << 10)),
      idempotency_ttl_s_(options.idempotency_ttl_s),
      env_(with_rocks_clock(rocksdb::NewCompositeEnv(
          std::make_shared<OrderedLogs>(options.file_system ? options.file_system : rocksdb::FileSystem::Default())))),
      block_cache_(rocksdb::NewLRUCache(options.block_cache_bytes)),
      write_buffer_manager_(std::make_shared<rocksdb::WriteBufferManager>(memtable_bytes_, block_cache_)),
      rate_limiter_(rocksdb::NewGenericRateLimiter(kBackgroundBytesPerSecond)),
      statistics_(rocksdb::CreateDBStatistics()),
      info_log_(std::make_shared<RocksLog>()),
      idempotency_expiry_(std::make_unique<IdempotencyExpiry>(options.clock)) {}

rocksdb::DBOptions RocksResources::database_options() const {
  rocksdb::DBOptions options;
  options.env = env_.get();
  // Durability. The default recovery mode opens a log with a flipped bit and silently drops what follows; this one
  // refuses it, and still opens a log whose last record was torn by a crash.
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  options.track_and_verify_wals_in_manifest = true;
  options.verify_sst_unique_id_in_manifest = true;
  options.paranoid_checks = true;
  options.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  // Recovery writes what it replays into synced tables: data that a failed fsync left only in the page cache becomes
  // durable by reopening.
  options.avoid_flush_during_recovery = false;
  options.listeners.push_back(std::make_shared<NoSelfRecovery>());
  options.max_bgerror_resume_count = 0;
  // Memory.
  options.write_buffer_manager = write_buffer_manager_;
  options.max_total_wal_size = 4 * memtable_bytes_;
  options.max_open_files = 512;
  // One committing thread: the plain memtable insert is the fast one.
  options.allow_concurrent_memtable_write = false;
  options.enable_write_thread_adaptive_yield = false;
  // Background work stays small beside queries.
  options.max_background_jobs = 2;
  options.rate_limiter = rate_limiter_;
  options.bytes_per_sync = 1 << 20;
  options.wal_bytes_per_sync = 1 << 20;
  options.statistics = statistics_;
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  options.info_log = info_log_;
  return options;
}

std::uint64_t RocksResources::table_memory_bytes() const {
  return std::max<std::uint64_t>(memtable_bytes_ / 4, 64 << 10);
}

rocksdb::BlockBasedTableOptions RocksResources::block_options() const {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = block_cache_;
  // Indexes and filters in partitions of a block each, of which a seek reads two. Whole ones of a large database push
  // each other out of the cache, and a seek reads megabytes.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.format_version = 5;
  table.checksum = rocksdb::kXXH3;
  return table;
}

rocksdb::ColumnFamilyOptions RocksResources::base_options() const {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = kNeverFull;  // OpenDatabase::flush_full_tables decides, and why
  options.arena_block_size = std::min(table_memory_bytes() / 8, kLargestArenaBlockBytes);
  options.level_compaction_dynamic_level_bytes = true;
  options.compression = rocksdb::kLZ4Compression;
  options.bottommost_compression = rocksdb::kZSTD;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(block_options()));
  return options;
}

rocksdb::ColumnFamilyOptions RocksResources::table_options(Table table) const {
  rocksdb::ColumnFamilyOptions options = base_options();
  rocksdb::BlockBasedTableOptions blocks = block_options();
  switch (table) {
    case Table::kInteractions:
    case Table::kByItem:
      // A history is one prefix; the filter lets a scan skip the files that have none of it.
      options.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(kHistoryPrefixBytes));
      blocks.whole_key_filtering = false;
      break;
    case Table::kIdempotency:
      options.compaction_filter = idempotency_expiry_.get();
      options.ttl = static_cast<std::uint64_t>(std::max<std::int64_t>(idempotency_ttl_s_, 60));
      break;
    case Table::kLog: blocks.filter_policy = nullptr; break;  // read in order, or where it has the record
    default: break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(blocks));
  return options;
}

rocksdb::ColumnFamilyOptions RocksResources::vector_options() const {
  rocksdb::ColumnFamilyOptions options = base_options();
  // Floats do not compress.
  options.compression = rocksdb::kNoCompression;
  options.bottommost_compression = rocksdb::kDisableCompressionOption;
  return options;
}

}  // namespace tamis::storage
