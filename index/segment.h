// Segment: rows under a graph; immutable but for tombstones. Growing: rows still being appended, scanned, not walked.
//
// Both are shared by pointer between the index's states, the searches that pinned them, and merges. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

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

  std::shared_ptr<RowBlock> rows_;
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
