// IdTable: external ids <-> dense ids of users or of items, held in memory whole.
//
// Thread-safe: any number of readers beside one writer (the committing thread). Reads never wait for disk.
#pragma once

#include <array>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/ids.h"
#include "common/mutex.h"

namespace tamis::storage {

class IdTable {
 public:
  std::optional<DenseId> find(std::string_view external_id) const;
  // Empty where no such id was assigned, or where it has lost its name.
  std::string name(DenseId id) const;
  // How many ids were ever assigned, deleted entities included.
  std::size_t size() const;

  // The id of `external_id`, assigned now where it is new. Writer only.
  DenseId assign(std::string_view external_id);
  // Gives number `id` this name, or none where it is empty. `id` is at most size(). Writer only.
  void set(DenseId id, std::string_view external_id);
  // Forgets every id >= size: the store was reopened without a tail that had never been synced. Writer only.
  void truncate(std::size_t size);

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    mutable SharedMutex mutex;
    std::unordered_map<std::string_view, DenseId> ids TAMIS_GUARDED_BY(mutex);  // keys view names_
  };
  void forget(std::string_view name, DenseId id);  // where it is the name of that id
  Shard& shard(std::string_view external_id);
  const Shard& shard(std::string_view external_id) const;

  std::array<Shard, kShards> shards_;
  mutable SharedMutex names_mutex_;
  std::deque<std::string> names_ TAMIS_GUARDED_BY(names_mutex_);  // elements never move
};

}  // namespace tamis::storage
