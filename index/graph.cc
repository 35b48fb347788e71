#include "index/graph.h"

#include <algorithm>
#include <string>

namespace tamis::index {

Graph::Graph(std::uint32_t m, std::vector<std::uint8_t> levels)
    : m_(m), levels_(std::move(levels)), base_(levels_.size() * 2 * m * sizeof(std::uint32_t)) {
  upper_begin_.reserve(levels_.size());
  std::uint32_t lists = 0;
  for (const std::uint8_t level : levels_) {
    upper_begin_.push_back(lists);
    lists += level;
  }
  upper_.assign(std::size_t{lists} * m, kNoNode);
  const auto base = base_links();
  std::fill(base.begin(), base.end(), kNoNode);
}

Status Graph::validate() const {
  if (nodes() == 0) return entry_ == kNoNode ? Status::ok() : Status::corruption("an empty graph has an entry");
  if (entry_ >= nodes()) return Status::corruption("the graph's entry is no node");
  const std::uint8_t highest = *std::max_element(levels_.begin(), levels_.end());
  if (highest > kMaxLevel || levels_[entry_] != highest) return Status::corruption("the graph's levels are impossible");
  for (std::uint32_t node = 0; node < nodes(); ++node) {
    for (std::uint8_t at = 0; at <= levels_[node]; ++at) {
      const std::uint32_t* list = links(node, at);
      for (std::uint32_t i = 0; i < degree(at) && list[i] != kNoNode; ++i) {
        if (list[i] >= nodes() || levels_[list[i]] < at) {
          return Status::corruption("node " + std::to_string(node) + " links to a node that does not exist");
        }
      }
    }
  }
  return Status::ok();
}

std::uint64_t Graph::memory_bytes() const { return base_.size_bytes() + upper_.size() * 4 + levels_.size() * 5; }

}  // namespace tamis::index
