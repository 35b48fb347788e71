#include "index/segment.h"

#include <algorithm>

#include "index/graph_search.h"
#include "index/row_scan.h"

namespace tamis::index {
namespace {

// Cost model of filtered searches, in units of one scanned row (docs/index.md has the measurements): a walk with a
// filter of selectivity s expands about ef / s nodes, each of which costs about kWalkPerNode.
constexpr double kWalkPerNode = 60;

// Of the pool of a walk over quantized rows, how many of the best are scored again by their f32 originals.
std::size_t rescored(std::size_t k, std::size_t pool) { return std::min(pool, 2 * k + 10); }

}  // namespace

Segment::Segment(std::shared_ptr<RowBlock> rows, Graph graph) : rows_(std::move(rows)), graph_(std::move(graph)) {
  for (std::uint32_t row = 0; row < rows_->count(); ++row) {
    if (rows_->is_live(row)) row_of_.at(rows_->id(row)) = row + 1;
  }
}

void Segment::search(const SegmentQuery& query, SearchScratch* scratch) const {
  const std::uint32_t ef = std::max<std::uint32_t>(query.ef, static_cast<std::uint32_t>(query.k));
  if (query.exact || rows_->count() <= ef) return scan(query, scratch);
  if (query.filter == nullptr && rows_->tombstones() == 0) {
    walk(*rows_, graph_, *query.query, ef, scratch);
  } else {
    const double size = rows_->count();
    const double admitted = query.filter == nullptr ? size : static_cast<double>(query.filter_size);
    const double selectivity = std::min(1.0, admitted / size) * rows_->live() / size;
    const double walk_cost = selectivity > 0 ? ef / selectivity * kWalkPerNode : size * kWalkPerNode;
    if (walk_cost >= admitted && query.filter != nullptr) return scan(query, scratch);
    const auto patience = static_cast<std::uint64_t>(2 * admitted) + 1000;
    if (!walk_filtered(*rows_, graph_, *query.query, ef, query.filter, patience, scratch)) return scan(query, scratch);
  }
  const std::size_t best = rescored(query.k, scratch->pool.size());
  for (std::size_t i = 0; i < best; ++i) {
    const std::uint32_t row = scratch->pool[i].row;
    if (const float* original = rows_->original(row)) __builtin_prefetch(original);
  }
  for (std::size_t i = 0; i < best; ++i) {
    const std::uint32_t row = scratch->pool[i].row;
    if (rows_->is_live(row)) scratch->hits.push_back({rows_->exact_distance(*query.query, row), rows_->id(row)});
  }
}

void Segment::scan(const SegmentQuery& query, SearchScratch* scratch) const {
  RowScan scan(*rows_, *query.query, query.k, scratch);
  if (query.filter == nullptr) {
    for (std::uint32_t row = 0; row < rows_->count(); ++row) scan.offer(row);
  } else {
    for (const DenseId id : *query.filter) {
      const std::uint32_t* row = row_of_.find(id);
      if (row != nullptr && *row != 0) scan.offer(*row - 1);
    }
  }
  scan.finish();
}

std::uint64_t Segment::memory_bytes() const {
  return rows_->memory_bytes() + graph_.memory_bytes() + row_of_.memory_bytes();
}

void Growing::search(const SegmentQuery& query, SearchScratch* scratch) const {
  RowScan scan(*rows, *query.query, query.k, scratch);
  // The count is read again at each step: a vector replaced during the scan lies further on.
  for (std::uint32_t row = 0; row < rows->count(); ++row) {
    if (query.filter == nullptr || query.filter->contains(rows->id(row))) scan.offer(row);
  }
  scan.finish();
}

}  // namespace tamis::index
