// Builds HNSW graphs through hnswlib, which this file's source alone includes.
#pragma once

#include <cstdint>

#include "common/cancellation.h"
#include "common/status.h"
#include "index/graph.h"
#include "index/row_block.h"

namespace tamis::index {

struct GraphOptions {
  std::uint32_t m = 16;
  std::uint32_t ef_construction = 200;
  std::uint32_t threads = 1;
  std::uint64_t seed = 42;
  const Cancellation* cancellation = nullptr;  // ends a build early; null: nothing does
};

// A graph over the rows 0..count() of `rows`, which must not grow meanwhile.
// `base`, where given, is the graph of the first base->nodes() of them: only the others are inserted.
// One thread gives the same graph for the same rows; more threads give one as good, not the same.
// resource_exhausted where memory lacks; unavailable once cancelled.
Result<Graph> build_graph(const RowBlock& rows, const Graph* base, const GraphOptions& options);

}  // namespace tamis::index
