// IdTable: external ids <-> dense ids of users or of items, held in memory whole: each id once, in an arena, for its
// own bytes and about 20 more.
//
// Thread-safe: any number of readers beside one writer (the committing thread). Reads never wait for disk.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "common/hashed_ids.h"
#include "common/ids.h"
#include "common/mutex.h"
#include "common/string_arena.h"

namespace tamis::storage {

class IdTable {
 public:
  std::optional<DenseId> find(std::string_view external_id) const;
  // Empty where no such id was assigned, or where it has lost its name.
  std::string name(DenseId id) const;
  // How many ids were ever assigned, deleted entities included.
  std::size_t size() const;
  std::uint64_t memory_bytes() const;

  // The id of `external_id`, assigned now where it is new. Writer only.
  DenseId assign(std::string_view external_id);
  // Gives number `id` this name, or none where it is empty. `id` is at most size(). Writer only.
  void set(DenseId id, std::string_view external_id);
  // Gives the next number this name, or none where it is empty; find() knows it from link_appended() on. Many ids are
  // loaded into an empty table so, in a fraction of the time that set() takes. Writer only.
  void append(std::string_view external_id);
  // REQUIRES: all ids were appended, and this is the first call. The number of a name that an earlier number has, too,
  // if there is one. Writer only.
  std::optional<DenseId> link_appended();
  // Forgets every id >= size: the store was reopened without a tail that had never been synced. Writer only.
  void truncate(std::size_t size);

 private:
  static constexpr std::size_t kShards = 16;
  // Its lock is taken before that of the names.
  struct Shard {
    mutable SharedMutex mutex;
    HashedIds ids TAMIS_GUARDED_BY(mutex);
  };
  std::string_view view(DenseId id) const TAMIS_REQUIRES_SHARED(names_mutex_);
  void link(std::string_view name, DenseId id);
  void unlink(std::string_view name, DenseId id);  // where it is the name of that id
  Shard& shard(std::uint64_t hash) { return shards_[hash / 64 % kShards]; }
  const Shard& shard(std::uint64_t hash) const { return shards_[hash / 64 % kShards]; }

  std::array<Shard, kShards> shards_;
  mutable SharedMutex names_mutex_;
  StringArena arena_ TAMIS_GUARDED_BY(names_mutex_);
  std::deque<const char*> names_ TAMIS_GUARDED_BY(names_mutex_);  // null: no name
};

}  // namespace tamis::storage
