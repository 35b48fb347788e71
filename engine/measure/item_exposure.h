// ItemExposure: how often each item was shown, and how often acted on.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/ids.h"
#include "common/mutex.h"
#include "engine/live/impressions.h"

namespace tamis::engine {

// Thread-safe: any number of readers, which take no lock beyond a shared one, beside one writer at a time.
class ItemExposure {
 public:
  ImpressionCounts of_item(DenseId item) const;
  std::uint64_t memory_bytes() const;

  // One writer at a time. Negative numbers take back.
  void add(DenseId item, std::int32_t impressions, std::int32_t clicks);
  void clear();

 private:
  struct Counts {
    std::atomic<std::int64_t> impressions{0};
    std::atomic<std::int64_t> clicks{0};
  };
  static constexpr std::size_t kBlock = 4'096;  // items; blocks never move
  mutable SharedMutex blocks_mutex_;
  std::vector<std::unique_ptr<Counts[]>> blocks_ TAMIS_GUARDED_BY(blocks_mutex_);
};

}  // namespace tamis::engine
