// BoundedCache: values by key, loaded from elsewhere on a miss, bounded in bytes; the least recently used goes first.
//
// A load that races with a change of the same key must not leave the old value behind. So a loader takes a ticket
// before it reads, and insert() is refused where the key was changed or erased since.
// Thread-safe. Callbacks run under a shard's lock: they are short and call nothing of the cache.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <list>
#include <unordered_map>
#include <utility>

#include "common/mutex.h"
#include "engine/requests.h"

namespace tamis::engine {

template <typename Key, typename Value, typename Hash = std::hash<Key>>
class BoundedCache {
 public:
  using Ticket = std::uint64_t;

  explicit BoundedCache(std::uint64_t capacity_bytes) : shard_capacity_bytes_(capacity_bytes / kShards) {}

  // Calls `visit(Value&)`, which returns the value's size in bytes, and marks the key as used. False on a miss.
  template <typename Visit>
  bool visit(const Key& key, Visit&& visit_value) {
    Shard& shard = shard_of(key);
    MutexLock lock(shard.mutex);
    const auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) {
      ++shard.figures.misses;
      return false;
    }
    ++shard.figures.hits;
    shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
    recharge(shard, *found->second, visit_value(found->second->value));
    evict(shard);
    return true;
  }

  // Taken before the source is read.
  Ticket begin_load(const Key& key) {
    Shard& shard = shard_of(key);
    MutexLock lock(shard.mutex);
    return version_of(shard, key);
  }

  // Keeps `value` unless the key was changed or erased since `ticket`, or the value is larger than the cache allows.
  void insert(const Key& key, Value value, std::uint64_t bytes, Ticket ticket) {
    Shard& shard = shard_of(key);
    MutexLock lock(shard.mutex);
    if (version_of(shard, key) != ticket || shard.by_key.contains(key)) return;
    if (bytes + kEntryBytes > shard_capacity_bytes_) return;
    shard.entries.push_front(Entry{key, std::move(value), 0});
    shard.by_key.emplace(key, shard.entries.begin());
    recharge(shard, shard.entries.front(), bytes);
    evict(shard);
  }

  // The source of `key` has changed: `change(Value&)` brings a cached value up to date and returns its size in bytes,
  // or 0 to drop it. A key that is not cached costs a look.
  template <typename Change>
  void update(const Key& key, Change&& change) {
    Shard& shard = shard_of(key);
    MutexLock lock(shard.mutex);
    ++version_of(shard, key);
    const auto found = shard.by_key.find(key);
    if (found == shard.by_key.end()) return;
    const std::uint64_t bytes = change(found->second->value);
    if (bytes == 0) {
      drop(shard, found->second);
    } else {
      recharge(shard, *found->second, bytes);
      evict(shard);
    }
  }

  void erase(const Key& key) {
    update(key, [](Value&) { return std::uint64_t{0}; });
  }

  void clear() {
    for (Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      for (auto& version : shard.versions) ++version;
      shard.by_key.clear();
      shard.entries.clear();
      shard.bytes = 0;
    }
  }

  // Of visit().
  CacheFigures figures() const {
    CacheFigures sum;
    for (const Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      sum.hits += shard.figures.hits;
      sum.misses += shard.figures.misses;
    }
    return sum;
  }

  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = 0;
    for (const Shard& shard : shards_) {
      MutexLock lock(shard.mutex);
      bytes += shard.bytes;
    }
    return bytes;
  }

 private:
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kVersions = 64;      // per shard; keys share them, which only costs a reload
  static constexpr std::uint64_t kEntryBytes = 96;  // list and map nodes

  struct Entry {
    Key key;
    Value value;
    std::uint64_t bytes = 0;
  };
  using Position = typename std::list<Entry>::iterator;
  struct Shard {
    mutable Mutex mutex;
    std::list<Entry> entries TAMIS_GUARDED_BY(mutex);  // most recently used first
    std::unordered_map<Key, Position, Hash> by_key TAMIS_GUARDED_BY(mutex);
    std::array<Ticket, kVersions> versions TAMIS_GUARDED_BY(mutex) = {};
    std::uint64_t bytes TAMIS_GUARDED_BY(mutex) = 0;
    CacheFigures figures TAMIS_GUARDED_BY(mutex);
  };

  static std::size_t mix(const Key& key) { return Hash{}(key)*0x9E3779B97F4A7C15ULL; }
  Shard& shard_of(const Key& key) { return shards_[(mix(key) >> 60) % kShards]; }
  static Ticket& version_of(Shard& shard, const Key& key) TAMIS_REQUIRES(shard.mutex) {
    return shard.versions[(mix(key) >> 40) % kVersions];
  }
  static void recharge(Shard& shard, Entry& entry, std::uint64_t bytes) TAMIS_REQUIRES(shard.mutex) {
    shard.bytes -= entry.bytes;
    entry.bytes = bytes + kEntryBytes;
    shard.bytes += entry.bytes;
  }
  static void drop(Shard& shard, Position position) TAMIS_REQUIRES(shard.mutex) {
    shard.bytes -= position->bytes;
    shard.by_key.erase(position->key);
    shard.entries.erase(position);
  }
  void evict(Shard& shard) TAMIS_REQUIRES(shard.mutex) {
    while (shard.bytes > shard_capacity_bytes_ && !shard.entries.empty()) drop(shard, std::prev(shard.entries.end()));
  }

  const std::uint64_t shard_capacity_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace tamis::engine
