// RowCache: rows of embedding tables that stay on disk, the hot ones in memory. One bound in bytes for all tables.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "common/records.h"
#include "common/status.h"
#include "engine/serving/bounded_cache.h"

namespace tamis::engine {

// Thread-safe.
class RowCache {
 public:
  using Row = std::shared_ptr<const VersionedVector>;
  struct Key {
    std::uint64_t table = 0;  // of next_table()
    std::uint32_t row = 0;
    bool operator==(const Key&) const = default;
  };
  using Ticket = std::uint64_t;

  explicit RowCache(std::uint64_t capacity_bytes) : capacity_bytes_(capacity_bytes), cache_(capacity_bytes) {}

  // A number that no table had before. Rows of tables that nobody asks for any more go as others come.
  std::uint64_t next_table() { return tables_.fetch_add(1, std::memory_order_relaxed); }

  // The row; what `load`, a Result<VersionedVector>(), reads where it is not in memory. Errors: those of `load`.
  template <typename Load>
  Result<Row> get(const Key& key, Load&& load) {
    Row row = find(key);
    if (row != nullptr) return row;
    const Ticket ticket = begin_load(key);
    TAMIS_ASSIGN_OR_RETURN(VersionedVector loaded, std::forward<Load>(load)());
    return insert(key, std::move(loaded), ticket);
  }
  // The same step by step, for who loads many at once: the row where it is in memory, else null; a ticket, taken before
  // the disk is read; and the row that was read, which stays unless it has changed since.
  Row find(const Key& key) {
    Row row;
    (void)cache_.visit(key, [&](const Row& cached) {
      row = cached;
      return row_bytes(*cached);
    });
    return row;
  }
  Ticket begin_load(const Key& key) { return cache_.begin_load(key); }
  Row insert(const Key& key, VersionedVector&& loaded, Ticket ticket) {
    auto row = std::make_shared<const VersionedVector>(std::move(loaded));
    cache_.insert(key, row, row_bytes(*row), ticket);
    return row;
  }
  // The row has changed on disk.
  void erase(const Key& key) { cache_.erase(key); }

  std::uint64_t capacity_bytes() const { return capacity_bytes_; }
  std::uint64_t memory_bytes() const { return cache_.memory_bytes(); }
  CacheFigures figures() const { return cache_.figures(); }

 private:
  struct Hash {
    std::size_t operator()(const Key& key) const { return key.table * 0x9E3779B97F4A7C15ULL + key.row; }
  };
  static std::uint64_t row_bytes(const VersionedVector& row) { return row.vector.size() * sizeof(float) + 64; }

  const std::uint64_t capacity_bytes_;
  std::atomic<std::uint64_t> tables_{0};
  BoundedCache<Key, Row, Hash> cache_;
};

}  // namespace tamis::engine
