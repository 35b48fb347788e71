// RankedItems: the items' parts of a ranker's scores, in memory by dense id.
#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"
#include "common/records.h"
#include "engine/serving/rank_encoder.h"
#include "ranker/factorized_scorer.h"

namespace tamis::engine {

// A part is made when an item is asked for, and again when the item has changed since: what a write changed
// counts in the next answer. Thread-safe. Memory: that of FactorizedScorer::Items per item asked for.
class RankedItems {
 public:
  using Part = ranker::FactorizedScorer::Items;  // of one row

  // REQUIRES: both outlive this.
  RankedItems(const RankEncoder& encoder, const ranker::FactorizedScorer& scorer)
      : encoder_(encoder), scorer_(scorer) {}

  // `revision` is what tells the item from what it was before (EntityTable::Revision); `features` may be null.
  Result<std::shared_ptr<const Part>> get(DenseId item, std::string_view name, std::uint32_t revision,
                                          const Features* features) const;

 private:
  static constexpr std::size_t kShards = 64;
  struct Entry {
    std::uint32_t revision = 0;  // that the part was made of
    std::shared_ptr<const Part> part;
  };
  struct Shard {
    Mutex mutex;
    std::vector<Entry> entries TAMIS_GUARDED_BY(mutex);  // by dense id / kShards
  };

  const RankEncoder& encoder_;
  const ranker::FactorizedScorer& scorer_;
  mutable std::array<Shard, kShards> shards_;
};

}  // namespace tamis::engine
