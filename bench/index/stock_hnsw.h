// hnswlib's own search over a graph built by Tamis, as the peer to compare with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "index/graph.h"
#include "index/row_block.h"

namespace tamis::bench {

class StockHnsw {
 public:
  // Fills hnswlib's structure with the f32 rows and the links. Inner product for dot and cosine, else L2.
  StockHnsw(const index::RowBlock& rows, const index::Graph& graph);
  ~StockHnsw();
  // Labels of the k nearest, in no order.
  void search(const float* query, std::size_t k, std::size_t ef, std::vector<DenseId>* found);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tamis::bench
