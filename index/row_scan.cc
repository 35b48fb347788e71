#include "index/row_scan.h"

#include <algorithm>

namespace tamis::index {

RowScan::RowScan(const RowBlock& rows, const Query& query, std::size_t k, SearchScratch* scratch)
    : rows_(rows), query_(query), k_(k), scratch_(scratch) {
  uppers_.reserve(k + 1);
}

void RowScan::offer(std::span<const std::uint32_t> rows, float slack) {
  const RowFormat& format = rows_.format();
  const RowSet set = rows_.rows();
  format.distances(query_, set, rows.data(), rows.size(), distances_);
  const auto find_reach = [&] {
    return uppers_.size() == k_ ? uppers_.front() + slack : std::numeric_limits<float>::infinity();
  };
  float reach = find_reach();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (distances_[i] > reach) continue;
    const std::uint32_t row = rows[i];
    const RowFormat::Bounds bounds = format.bounds(query_, set.row(row), distances_[i]);
    if (uppers_.size() == k_ && bounds.lower > uppers_.front()) continue;
    if (!rows_.is_live(row)) continue;
    candidates_.push_back({bounds.lower, row});
    uppers_.push_back(bounds.upper);
    std::push_heap(uppers_.begin(), uppers_.end());
    if (uppers_.size() > k_) {
      std::pop_heap(uppers_.begin(), uppers_.end());
      uppers_.pop_back();
    }
    reach = find_reach();
  }
}

void RowScan::finish() {
  flush();
  const std::size_t begin = scratch_->hits.size();
  for (const Candidate& candidate : candidates_) {
    if (uppers_.size() == k_ && candidate.distance > uppers_.front()) continue;
    scratch_->hits.push_back({rows_.exact_distance(query_, candidate.row), rows_.id(candidate.row)});
  }
  const auto first = scratch_->hits.begin() + static_cast<std::ptrdiff_t>(begin);
  if (scratch_->hits.size() - begin > k_) {
    std::nth_element(first, first + static_cast<std::ptrdiff_t>(k_) - 1, scratch_->hits.end(),
                     [](const Hit& a, const Hit& b) { return a.distance < b.distance; });
    scratch_->hits.resize(begin + k_);
  }
}

}  // namespace tamis::index
