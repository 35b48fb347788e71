// The search loop over a Graph whose nodes are the rows of a RowBlock.
#pragma once

#include <cstdint>

#include "index/bitmap.h"
#include "index/graph.h"
#include "index/row_block.h"
#include "index/search_scratch.h"

namespace tamis::index {

// Leaves up to `ef` rows near the query in scratch->pool, nearest first, distances as the payload knows them.
// Rows with tombstones are among them: for graphs without any.
void walk(const RowBlock& rows, const Graph& graph, const Query& query, std::uint32_t ef, SearchScratch* scratch);

// The same for live rows that `filter` (null: all) admits; the walk crosses the others. Returns false where
// `max_distances` distances did not suffice, or where it ran out of nodes before it had `ef` results.
bool walk_filtered(const RowBlock& rows, const Graph& graph, const Query& query, std::uint32_t ef, const Bitmap* filter,
                   std::uint64_t max_distances, SearchScratch* scratch);

}  // namespace tamis::index
