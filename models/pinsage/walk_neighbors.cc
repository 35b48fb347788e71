#include "models/pinsage/walk_neighbors.h"

#include <algorithm>
#include <utility>

#include "common/random.h"
#include "models/parallel.h"

namespace tamis::models {
namespace {

constexpr std::size_t kItemsPerBlock = 256;

struct Visits {
  std::uint32_t item = 0;
  std::uint32_t count = 0;
};

std::uint32_t pick(std::span<const std::uint32_t> from, Random& random) {
  return from[random.below(static_cast<std::uint32_t>(from.size()))];
}

// The items that walks from `start` visit, most visited first.
std::vector<Visits> most_visited(const InteractionMatrix& interactions, const InteractionMatrix& by_item,
                                 const WalkOptions& options, std::uint32_t start) {
  std::vector<std::uint32_t> visited;
  if (by_item.row_columns(start).empty()) return {};
  Random random(options.seed + (std::uint64_t{start} << 32));
  for (std::uint32_t walk = 0; walk < options.walks; ++walk) {
    std::uint32_t item = start;
    for (std::uint32_t step = 0; step < options.length; ++step) {
      item = pick(interactions.row_columns(pick(by_item.row_columns(item), random)), random);
      if (item != start) visited.push_back(item);
    }
  }
  std::sort(visited.begin(), visited.end());
  std::vector<Visits> counts;
  for (const std::uint32_t item : visited) {
    if (counts.empty() || counts.back().item != item) counts.push_back({item, 0});
    ++counts.back().count;
  }
  const std::size_t kept = std::min<std::size_t>(counts.size(), options.neighbors + options.related);
  std::partial_sort(
      counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(kept), counts.end(),
      [](const Visits& a, const Visits& b) { return a.count != b.count ? a.count > b.count : a.item < b.item; });
  counts.resize(kept);
  return counts;
}

}  // namespace

Result<WalkNeighbors> walk_neighbors(const InteractionMatrix& interactions, const InteractionMatrix& by_item,
                                     const WalkOptions& options, const TrainControl& control) {
  const std::uint32_t items = interactions.columns;
  std::vector<std::vector<Visits>> visits(items);
  TAMIS_RETURN_IF_ERROR(parallel_blocks(control, items, kItemsPerBlock, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      visits[item] = most_visited(interactions, by_item, options, static_cast<std::uint32_t>(item));
    }
  }));
  WalkNeighbors result;
  result.offsets.push_back(0);
  for (std::uint32_t item = 0; item < items; ++item) {
    const std::size_t kept = std::min<std::size_t>(visits[item].size(), options.neighbors);
    float total = 0;
    for (std::size_t i = 0; i < kept; ++i) total += static_cast<float>(visits[item][i].count);
    for (std::size_t i = 0; i < visits[item].size(); ++i) {
      const Visits& visit = visits[item][i];
      if (i < kept) {
        result.neighbors.add(visit.item, static_cast<float>(visit.count) / total);
      } else {
        result.related.push_back(visit.item);
      }
    }
    result.neighbors.end_bag();
    result.offsets.push_back(static_cast<std::uint32_t>(result.related.size()));
  }
  return result;
}

}  // namespace tamis::models
