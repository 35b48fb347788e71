#include "engine/serving/ranked_items.h"

#include <utility>

namespace tamis::engine {
namespace {

// With the counter of the pointer, and what the allocator adds to three blocks.
std::uint64_t bytes_of(const RankedItems::Part& part) {
  return sizeof(part) + 64 + (part.hidden.capacity() + part.vectors.capacity()) * sizeof(float);
}

}  // namespace

Result<std::shared_ptr<const RankedItems::Part>> RankedItems::get(DenseId item, std::string_view name,
                                                                  std::uint32_t revision,
                                                                  const Features* features) const {
  Shard& shard = shards_[item % kShards];
  const std::size_t place = item / kShards;
  {
    MutexLock lock(shard.mutex);
    if (place < shard.entries.size() && shard.entries[place].part != nullptr &&
        shard.entries[place].revision == revision) {
      ++shard.figures.hits;
      shard.entries[place].was_used = true;
      return shard.entries[place].part;
    }
    ++shard.figures.misses;
  }
  ranker::ExampleTable table = encoder_.encoder().make_table(ranker::Columns::kItem);
  encoder_.append_item(name, features, table);
  TAMIS_ASSIGN_OR_RETURN(Part made, scorer_.precompute(table, {}));
  auto part = std::make_shared<const Part>(std::move(made));
  MutexLock lock(shard.mutex);
  if (place >= shard.entries.size()) shard.entries.resize(place + 1);
  Entry& entry = shard.entries[place];
  if (entry.part != nullptr) shard.bytes -= bytes_of(*entry.part);
  shard.bytes += bytes_of(*part);
  entry = {revision, true, part};
  evict(shard);
  return part;
}

void RankedItems::evict(Shard& shard) const {
  while (shard.bytes > shard_capacity_bytes_) {  // then one of the entries has a part
    if (shard.hand >= shard.entries.size()) shard.hand = 0;
    Entry& entry = shard.entries[shard.hand++];
    if (entry.part == nullptr || std::exchange(entry.was_used, false)) continue;
    shard.bytes -= bytes_of(*entry.part);
    entry.part = nullptr;
  }
}

std::uint64_t RankedItems::memory_bytes() const {
  std::uint64_t bytes = 0;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    bytes += shard.bytes + shard.entries.capacity() * sizeof(Entry);
  }
  return bytes;
}

CacheFigures RankedItems::figures() const {
  CacheFigures sum;
  for (Shard& shard : shards_) {
    MutexLock lock(shard.mutex);
    sum.hits += shard.figures.hits;
    sum.misses += shard.figures.misses;
  }
  return sum;
}

}  // namespace tamis::engine
