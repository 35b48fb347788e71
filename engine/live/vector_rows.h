// VectorRows: embedding rows by id for tables that are larger than memory. RocksDB holds the table; a bounded cache
// keeps the hot rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/records.h"
#include "common/status.h"
#include "engine/live/bounded_cache.h"
#include "storage/store.h"

namespace tamis::engine {

// Thread-safe.
class VectorRows {
 public:
  VectorRows(const storage::Store* store, std::uint64_t capacity_bytes) : store_(store), cache_(capacity_bytes) {}

  // The stored f32 row [dim]. not_found where the entity has no vector in `space`.
  Result<std::shared_ptr<const VersionedVector>> get(std::string_view space, EntityKind kind, DenseId id);

  // Called by the committing thread.
  void on_changed(std::string_view space, EntityKind kind, DenseId id);
  void on_space_changed() { cache_.clear(); }
  std::uint64_t memory_bytes() const { return cache_.memory_bytes(); }

 private:
  struct Key {
    std::string space;
    EntityKind kind;
    DenseId id;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<std::string>{}(key.space) ^ ((std::size_t{key.id} << 1) | static_cast<std::size_t>(key.kind));
    }
  };

  const storage::Store* store_;
  BoundedCache<Key, std::shared_ptr<const VersionedVector>, KeyHash> cache_;
};

}  // namespace tamis::engine
