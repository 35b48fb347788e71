// Segment: rows under a graph; immutable but for tombstones. Growing: rows still being appended, scanned, not walked.
//
// Both are shared by pointer between the index's states, the searches that pinned them, and merges. Thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <span>
#include <vector>

#include "index/bitmap.h"
#include "index/graph.h"
#include "index/id_pages.h"
#include "index/row_block.h"
#include "index/search_scratch.h"

namespace tamis::index {

// What one search asks of each segment.
struct SegmentQuery {
  const Query* query = nullptr;
  std::size_t k = 0;
  std::uint32_t ef = 0;
  const Bitmap* filter = nullptr;  // null: all
  std::uint64_t filter_size = 0;   // its cardinality
  bool exact = false;
};

class Segment {
 public:
  // REQUIRES: one node per row.
  Segment(std::shared_ptr<RowBlock> rows, Graph graph);

  const RowBlock& rows() const { return *rows_; }
  std::shared_ptr<const RowBlock> shared_rows() const { return rows_; }
  RowBlock& mutable_rows() { return *rows_; }  // for tombstones
  const Graph& graph() const { return graph_; }

  // Appends up to k live hits (a few more) with exact distances to scratch->hits.
  void search(const SegmentQuery& query, SearchScratch* scratch) const;
  std::uint64_t memory_bytes() const;

 private:
  void scan(const SegmentQuery& query, SearchScratch* scratch) const;
  // Spaces by dot product: looks at rows from the longest down until no shorter one can be among the k best, which on
  // trained factors comes soon (LEMP: Teflioudi et al. 2015, doi:10.1145/2723372.2747647). Exact. False, having found
  // nothing, where `patience` rows were not enough.
  bool scan_by_norm(const SegmentQuery& query, std::uint64_t patience, SearchScratch* scratch) const;
  bool expects_short_scan() const;
  // Spaces by dot product: whether a walk will find what is admitted (`selectivity`: its share of all rows). The links
  // of such a graph lead to its longest rows, so it will not where these are not among the admitted ones.
  bool suits_walk(const SegmentQuery& query, double selectivity) const;

  // RowScan::kBatch rows of by_norm_ from `first` on, fewer at the end.
  std::span<const std::uint32_t> norm_block(std::size_t first) const;

  // Bounds over one block of rows (RowFormat::norm_bound, RowTail::error).
  struct NormBlock {
    float longest;
    float largest_error;
  };
  std::shared_ptr<RowBlock> rows_;
  std::vector<std::uint32_t> by_norm_;  // rows, longest first; dot product only
  std::vector<NormBlock> norm_blocks_;  // one for RowScan::kBatch rows of by_norm_
  // How often scan_by_norm() ended in time of late: up by one where it did, else down, within -kMemory..kMemory.
  mutable std::atomic<std::int32_t> short_scans_{0};
  mutable std::atomic<std::uint32_t> turns_{0};
  Graph graph_;
  IdPages<std::uint32_t> row_of_;  // by id: row + 1, 0 where absent
};

struct Growing {
  explicit Growing(std::shared_ptr<RowBlock> block) : rows(std::move(block)) {}

  void search(const SegmentQuery& query, SearchScratch* scratch) const;

  const std::shared_ptr<RowBlock> rows;
  // The one begun when this was full. A search that pinned an older state follows it, so that a vector which moves from
  // one to the next is never missed. Written once, `next` after `next_owner`.
  std::shared_ptr<Growing> next_owner;
  std::atomic<Growing*> next{nullptr};
};

}  // namespace tamis::index
