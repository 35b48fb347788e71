// RocksStore, continued: RocksDB's own figures, for /metrics. Names follow Prometheus; a "_total" only grows.
#include <array>
#include <utility>

#include "storage/rocks_store.h"

namespace tamis::storage {
namespace {

using rocksdb::DB;

constexpr double kSecondsPerMicrosecond = 1e-6;

constexpr std::pair<const char*, rocksdb::Tickers> kTotals[] = {
    {"rocksdb_block_cache_hits_total", rocksdb::BLOCK_CACHE_HIT},
    {"rocksdb_block_cache_misses_total", rocksdb::BLOCK_CACHE_MISS},
    {"rocksdb_written_bytes_total", rocksdb::BYTES_WRITTEN},
    {"rocksdb_read_bytes_total", rocksdb::BYTES_READ},
    {"rocksdb_wal_bytes_total", rocksdb::WAL_FILE_BYTES},
    {"rocksdb_wal_syncs_total", rocksdb::WAL_FILE_SYNCED},
    {"rocksdb_flush_written_bytes_total", rocksdb::FLUSH_WRITE_BYTES},
    {"rocksdb_compaction_read_bytes_total", rocksdb::COMPACT_READ_BYTES},
    {"rocksdb_compaction_written_bytes_total", rocksdb::COMPACT_WRITE_BYTES},
};

}  // namespace

std::map<std::string, double> RocksStore::statistics() const {
  std::map<std::string, double> figures;
  figures["rocksdb_block_cache_usage_bytes"] = static_cast<double>(resources_.block_cache().GetUsage());
  figures["rocksdb_block_cache_capacity_bytes"] = static_cast<double>(resources_.block_cache().GetCapacity());
  const rocksdb::Statistics& statistics = resources_.statistics();
  for (const auto& [name, ticker] : kTotals) figures[name] = static_cast<double>(statistics.getTickerCount(ticker));
  figures["rocksdb_stall_seconds_total"] =
      static_cast<double>(statistics.getTickerCount(rocksdb::STALL_MICROS)) * kSecondsPerMicrosecond;
  rocksdb::HistogramData sync;
  statistics.histogramData(rocksdb::WAL_FILE_SYNC_MICROS, &sync);
  figures["rocksdb_wal_sync_p50_seconds"] = sync.median * kSecondsPerMicrosecond;
  figures["rocksdb_wal_sync_p99_seconds"] = sync.percentile99 * kSecondsPerMicrosecond;

  const auto pinned = pin();
  if (!pinned.is_ok()) return figures;  // reopening: the shared figures only
  const std::array<std::pair<const char*, const std::string*>, 8> properties = {{
      {"rocksdb_memtable_bytes", &DB::Properties::kCurSizeAllMemTables},
      {"rocksdb_sst_bytes", &DB::Properties::kTotalSstFilesSize},
      {"rocksdb_live_data_bytes", &DB::Properties::kEstimateLiveDataSize},
      {"rocksdb_table_readers_bytes", &DB::Properties::kEstimateTableReadersMem},
      {"rocksdb_pending_compaction_bytes", &DB::Properties::kEstimatePendingCompactionBytes},
      {"rocksdb_running_compactions", &DB::Properties::kNumRunningCompactions},
      {"rocksdb_running_flushes", &DB::Properties::kNumRunningFlushes},
      {"rocksdb_background_errors", &DB::Properties::kBackgroundErrors},
  }};
  for (const auto& [name, property] : properties) {
    std::uint64_t value = 0;
    if (pinned->database->db()->GetAggregatedIntProperty(*property, &value)) {
      figures[name] = static_cast<double>(value);
    }
  }
  std::uint64_t stopped = 0;
  if (pinned->database->db()->GetIntProperty(DB::Properties::kIsWriteStopped, &stopped)) {
    figures["rocksdb_write_stopped"] = static_cast<double>(stopped);
  }
  return figures;
}

}  // namespace tamis::storage
