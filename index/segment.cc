#include "index/segment.h"

#include <algorithm>
#include <numeric>

#include "index/graph_search.h"
#include "index/row_scan.h"

namespace tamis::index {
namespace {

// Cost model of filtered searches, in units of one scanned row (docs/vector_index.md has the measurements): a walk with
// a filter of selectivity s expands about ef / s nodes, each of which costs about kWalkPerNode.
constexpr double kWalkPerNode = 60;

// A scan by norm may look at as many rows as its alternative costs, and at this many in any case.
constexpr double kLeastPatience = 2'048;
// Scans by norm that do not end in time are not tried for long: below zero only each kRetry-th search tries again.
constexpr std::int32_t kMemory = 64;
constexpr std::uint32_t kRetry = 64;

// Of the longest rows, one in kLongShare, a sample of kLongSample is asked whether the filter admits it. Where it
// admits less than kLeastLong of what it admits elsewhere, the walk is not trusted.
constexpr std::size_t kLongShare = 16;
constexpr std::size_t kLongSample = 256;
constexpr double kLeastLong = 0.7;

// A filtered walk by dot product keeps so many times more, since the way to a row leads over longer ones, admitted or
// not.
constexpr std::uint32_t kFilteredDotEf = 3;

// From this selectivity on a scan by norm, which can end early, beats one of the admitted ids.
constexpr std::uint64_t kScanByNormShare = 8;

// Of the pool of a walk over quantized rows, how many of the best are scored again by their f32 originals.
std::size_t rescored(std::size_t k, std::size_t pool) { return std::min(pool, 2 * k + 10); }

}  // namespace

Segment::Segment(std::shared_ptr<RowBlock> rows, Graph graph) : rows_(std::move(rows)), graph_(std::move(graph)) {
  for (std::uint32_t row = 0; row < rows_->count(); ++row) {
    if (rows_->is_live(row)) row_of_.at(rows_->id(row)) = row + 1;
  }
  if (rows_->format().metric() != Metric::kDot) return;
  const RowFormat& format = rows_->format();
  std::vector<float> norms(rows_->count());
  for (std::uint32_t row = 0; row < rows_->count(); ++row) norms[row] = format.norm_bound(rows_->rows().row(row));
  by_norm_.resize(rows_->count());
  std::iota(by_norm_.begin(), by_norm_.end(), 0U);
  std::stable_sort(by_norm_.begin(), by_norm_.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return norms[a] > norms[b]; });
  for (std::size_t at = 0; at < by_norm_.size(); at += RowScan::kBatch) {
    NormBlock block{.longest = norms[by_norm_[at]], .largest_error = 0};
    for (const std::uint32_t row : norm_block(at))
      block.largest_error = std::max(block.largest_error, format.tail(rows_->rows().row(row)).error);
    norm_blocks_.push_back(block);
  }
}

std::span<const std::uint32_t> Segment::norm_block(std::size_t first) const {
  return std::span(by_norm_).subspan(first, std::min(RowScan::kBatch, by_norm_.size() - first));
}

bool Segment::expects_short_scan() const {
  if (by_norm_.empty()) return false;
  return short_scans_.load(std::memory_order_relaxed) >= 0 ||
         turns_.fetch_add(1, std::memory_order_relaxed) % kRetry == 0;
}

bool Segment::suits_walk(const SegmentQuery& query, double selectivity) const {
  if (by_norm_.empty() || (query.filter == nullptr && rows_->tombstones() == 0)) return true;
  const std::size_t longest = std::max<std::size_t>(1, by_norm_.size() / kLongShare);
  const std::size_t step = std::max<std::size_t>(1, longest / kLongSample);
  std::size_t asked = 0;
  std::size_t admitted = 0;
  for (std::size_t at = 0; at < longest; at += step) {
    const std::uint32_t row = by_norm_[at];
    ++asked;
    if (rows_->is_live(row) && (query.filter == nullptr || query.filter->contains(rows_->id(row)))) ++admitted;
  }
  return static_cast<double>(admitted) >= kLeastLong * selectivity * static_cast<double>(asked);
}

bool Segment::scan_by_norm(const SegmentQuery& query, std::uint64_t patience, SearchScratch* scratch) const {
  RowScan scan(*rows_, *query.query, query.k, scratch);
  bool ended = true;
  for (std::size_t block = 0; block < norm_blocks_.size(); ++block) {
    const NormBlock& at = norm_blocks_[block];
    if (scan.rules_out(RowFormat::least_dot_distance(*query.query, at.longest))) break;
    if (block * RowScan::kBatch >= patience) {
      ended = false;
      break;
    }
    const std::span<const std::uint32_t> rows = norm_block(block * RowScan::kBatch);
    if (query.filter == nullptr) {
      scan.offer(rows, RowFormat::dot_slack(*query.query, at.longest, at.largest_error));
      continue;
    }
    for (const std::uint32_t row : rows) {
      if (query.filter->contains(rows_->id(row))) scan.offer(row);
    }
  }
  const std::int32_t memory = short_scans_.load(std::memory_order_relaxed);
  if (ended ? memory < kMemory : memory > -kMemory) {
    short_scans_.store(memory + (ended ? 1 : -1), std::memory_order_relaxed);
  }
  if (ended) scan.finish();
  return ended;
}

void Segment::search(const SegmentQuery& query, SearchScratch* scratch) const {
  std::uint32_t ef = std::max<std::uint32_t>(query.ef, static_cast<std::uint32_t>(query.k));
  if (query.filter != nullptr && !by_norm_.empty()) ef *= kFilteredDotEf;
  if (query.exact || rows_->count() <= ef) return scan(query, scratch);
  // The walk is planned by its cost in scanned rows: about ef nodes are expanded, more where few rows count.
  const double size = rows_->count();
  const double admitted = query.filter == nullptr ? size : std::min(size, static_cast<double>(query.filter_size));
  const double selectivity = admitted / size * rows_->live() / size;
  const double walk_cost = selectivity > 0 ? ef / selectivity * kWalkPerNode : size * kWalkPerNode;
  const double patience = std::max(kLeastPatience, std::min(walk_cost, admitted));
  if (expects_short_scan() && scan_by_norm(query, static_cast<std::uint64_t>(patience), scratch)) return;
  if (walk_cost >= admitted || !suits_walk(query, selectivity)) return scan(query, scratch);
  if (query.filter == nullptr && rows_->tombstones() == 0) {
    walk(*rows_, graph_, *query.query, ef, scratch);
  } else {
    const auto most = static_cast<std::uint64_t>(2 * admitted) + 1'000;
    if (!walk_filtered(*rows_, graph_, *query.query, ef, query.filter, most, scratch)) return scan(query, scratch);
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
  const bool is_loose = query.filter == nullptr || query.filter_size >= rows_->count() / kScanByNormShare;
  if (is_loose && !by_norm_.empty()) {
    scan_by_norm(query, by_norm_.size(), scratch);
    return;
  }
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
  return rows_->memory_bytes() + graph_.memory_bytes() + row_of_.memory_bytes() +
         by_norm_.size() * sizeof(std::uint32_t) + norm_blocks_.size() * sizeof(NormBlock);
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
