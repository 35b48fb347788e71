// Scans: the nearest rows of a block, exactly, by looking at all of them or at those of a filter.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "index/bitmap.h"
#include "index/row_block.h"
#include "index/search_scratch.h"

namespace tamis::index {

// Accumulates the k nearest live rows among those offered, by exact distance.
//
// A row's payload bounds its exact distance (RowFormat::bounds), so that the f32 originals of hopeless rows are never
// read, and the answer is the same as if all had been. Externally synchronised; lives within one search.
class RowScan {
 public:
  static constexpr std::size_t kBatch = 64;

  RowScan(const RowBlock& rows, const Query& query, std::size_t k, SearchScratch* scratch);

  void offer(std::uint32_t row) {
    batch_[size_++] = row;
    if (size_ == kBatch) flush();
  }
  // At most kBatch rows at once. `slack`: how far the payloads' distances may lie above the exact ones, for all of
  // them; hopeless rows are then told without a look at their own bounds.
  void offer(std::span<const std::uint32_t> rows, float slack = std::numeric_limits<float>::infinity());
  // True where k rows offered before are sure to be nearer than `distance`.
  bool rules_out(float distance) const { return uppers_.size() == k_ && distance > uppers_.front(); }
  // Appends the k nearest to scratch->hits (in no order).
  void finish();

 private:
  void flush() {
    offer({batch_, size_});
    size_ = 0;
  }

  const RowBlock& rows_;
  const Query& query_;
  const std::size_t k_;
  SearchScratch* scratch_;
  std::size_t size_ = 0;
  std::uint32_t batch_[kBatch];
  float distances_[kBatch];
  std::vector<float> uppers_;  // heap of the k least upper bounds, greatest on top
  std::vector<Candidate>
      candidates_;  // rows whose lower bound was below the k-th upper one when seen; `distance` is it
};

}  // namespace tamis::index
