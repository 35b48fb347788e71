// RankedItems: the items' parts of a ranker's scores, in memory by dense id, bounded in bytes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"
#include "common/records.h"
#include "engine/requests.h"
#include "engine/serving/rank_encoder.h"
#include "ranker/factorized_scorer.h"

namespace tamis::engine {

// A part is made when an item is asked for, and again when the item has changed since: what a write changed
// counts in the next answer. Parts that were not asked for lately go first (CLOCK). Thread-safe. Memory: that of
// FactorizedScorer::Items per item kept, and 32 bytes for each dense id up to the largest asked for.
class RankedItems {
 public:
  using Part = ranker::FactorizedScorer::Items;  // of one row

  // REQUIRES: both outlive this.
  RankedItems(const RankEncoder& encoder, const ranker::FactorizedScorer& scorer, std::uint64_t capacity_bytes)
      : encoder_(encoder), scorer_(scorer), shard_capacity_bytes_(capacity_bytes / kShards) {}

  // `revision` is what tells the item from what it was before (EntityTable::Revision); `features` may be null.
  Result<std::shared_ptr<const Part>> get(DenseId item, std::string_view name, std::uint32_t revision,
                                          const Features* features) const;
  std::uint64_t memory_bytes() const;
  CacheFigures figures() const;

 private:
  static constexpr std::size_t kShards = 64;
  struct Entry {
    std::uint32_t revision = 0;  // that the part was made of
    bool was_used = false;       // since the hand passed
    std::shared_ptr<const Part> part;
  };
  struct Shard {
    Mutex mutex;
    std::vector<Entry> entries TAMIS_GUARDED_BY(mutex);  // by dense id / kShards
    std::size_t hand TAMIS_GUARDED_BY(mutex) = 0;        // the next entry that may go
    std::uint64_t bytes TAMIS_GUARDED_BY(mutex) = 0;     // of the parts
    CacheFigures figures TAMIS_GUARDED_BY(mutex);
  };

  void evict(Shard& shard) const TAMIS_REQUIRES(shard.mutex);

  const RankEncoder& encoder_;
  const ranker::FactorizedScorer& scorer_;
  const std::uint64_t shard_capacity_bytes_;
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace tamis::engine
