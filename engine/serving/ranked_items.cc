#include "engine/serving/ranked_items.h"

#include <utility>

namespace tamis::engine {

Result<std::shared_ptr<const RankedItems::Part>> RankedItems::get(DenseId item, std::string_view name,
                                                                  std::uint32_t revision,
                                                                  const Features* features) const {
  Shard& shard = shards_[item % kShards];
  const std::size_t place = item / kShards;
  {
    MutexLock lock(shard.mutex);
    if (place < shard.entries.size() && shard.entries[place].part != nullptr &&
        shard.entries[place].revision == revision)
      return shard.entries[place].part;
  }
  ranker::ExampleTable table = encoder_.encoder().make_table(ranker::Columns::kItem);
  encoder_.append_item(name, features, table);
  TAMIS_ASSIGN_OR_RETURN(Part made, scorer_.precompute(table, {}));
  auto part = std::make_shared<const Part>(std::move(made));
  MutexLock lock(shard.mutex);
  if (place >= shard.entries.size()) shard.entries.resize(place + 1);
  shard.entries[place] = {revision, part};
  return part;
}

}  // namespace tamis::engine
