// VectorRows: stored f32 rows of external spaces by id. RocksDB holds the tables; a RowCache keeps the hot rows.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/mutex.h"
#include "common/records.h"
#include "common/status.h"
#include "engine/serving/row_cache.h"
#include "storage/store.h"

namespace tamis::engine {

// Thread-safe.
class VectorRows {
 public:
  VectorRows(const storage::Store* store, std::shared_ptr<RowCache> cache) : store_(store), cache_(std::move(cache)) {}

  // The stored f32 row [dim]. not_found where the entity has no vector in `space`.
  Result<RowCache::Row> get(std::string_view space, EntityKind kind, DenseId id);
  // Many at once: visit(i, the row of ids[i]) for each that there is and that can be read.
  void get_many(std::string_view space, EntityKind kind, std::span<const DenseId> ids,
                const std::function<void(std::size_t, const VersionedVector&)>& visit);

  // Called by the committing thread.
  void on_changed(std::string_view space, EntityKind kind, DenseId id);
  void on_space_changed();
  // Of the whole cache.
  std::uint64_t memory_bytes() const { return cache_->memory_bytes(); }
  CacheFigures figures() const { return cache_->figures(); }

 private:
  std::uint64_t table_of(std::string_view space, EntityKind kind) TAMIS_EXCLUDES(tables_mutex_);
  RowCache::Key key_of(std::string_view space, EntityKind kind, DenseId id) { return {table_of(space, kind), id}; }

  const storage::Store* store_;
  const std::shared_ptr<RowCache> cache_;
  Mutex tables_mutex_;
  // By space: the numbers of its tables in the cache, of users and of items.
  std::map<std::string, std::array<std::uint64_t, 2>, std::less<>> tables_ TAMIS_GUARDED_BY(tables_mutex_);
};

}  // namespace tamis::engine
