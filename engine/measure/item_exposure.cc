#include "engine/measure/item_exposure.h"

#include <algorithm>

namespace tamis::engine {

ImpressionCounts ItemExposure::of_item(DenseId item) const {
  ReaderLock lock(blocks_mutex_);
  if (item / kBlock >= blocks_.size()) return {};
  const Counts& counts = blocks_[item / kBlock][item % kBlock];
  return {static_cast<double>(std::max<std::int64_t>(counts.impressions.load(std::memory_order_relaxed), 0)),
          static_cast<double>(std::max<std::int64_t>(counts.clicks.load(std::memory_order_relaxed), 0))};
}

void ItemExposure::add(DenseId item, std::int32_t impressions, std::int32_t clicks) {
  if (item == kNoDenseId) return;
  const auto count = [&](Counts& counts) {
    counts.impressions.fetch_add(impressions, std::memory_order_relaxed);
    counts.clicks.fetch_add(clicks, std::memory_order_relaxed);
  };
  {
    ReaderLock lock(blocks_mutex_);
    if (item / kBlock < blocks_.size()) return count(blocks_[item / kBlock][item % kBlock]);
  }
  WriterLock lock(blocks_mutex_);
  while (blocks_.size() <= item / kBlock) blocks_.push_back(std::make_unique<Counts[]>(kBlock));
  count(blocks_[item / kBlock][item % kBlock]);
}

void ItemExposure::clear() {
  WriterLock lock(blocks_mutex_);
  blocks_.clear();
}

std::uint64_t ItemExposure::memory_bytes() const {
  ReaderLock lock(blocks_mutex_);
  return blocks_.size() * kBlock * sizeof(Counts);
}

}  // namespace tamis::engine
