#include "index/graph_search.h"

#include <algorithm>

namespace tamis::index {
namespace {

constexpr std::uint32_t kExpanded = 0x80000000U;  // marks a row of the pool whose neighbours have been visited

bool nearer(const Candidate& a, const Candidate& b) { return a.distance < b.distance; }
bool farther(const Candidate& a, const Candidate& b) { return a.distance > b.distance; }

// Greedy descent through the upper layers to a node near the query on layer 0.
Candidate descend(const RowBlock& rows, const Graph& graph, const Query& query, SearchScratch* scratch) {
  const RowFormat& format = rows.format();
  const RowSet set = rows.rows();
  Candidate best{0, graph.entry()};
  format.distances(query, set, &best.row, 1, &best.distance);
  scratch->distances.resize(2 * graph.m());
  for (std::uint8_t level = graph.level(graph.entry()); level > 0; --level) {
    for (bool changed = true; changed;) {
      changed = false;
      const std::uint32_t* links = graph.links(best.row, level);
      std::uint32_t size = 0;
      while (size < graph.m() && links[size] != kNoNode) ++size;
      format.distances(query, set, links, size, scratch->distances.data());
      for (std::uint32_t i = 0; i < size; ++i) {
        if (scratch->distances[i] < best.distance) {
          best = {scratch->distances[i], links[i]};
          changed = true;
        }
      }
    }
  }
  return best;
}

void prefetch_links(const Graph& graph, std::uint32_t row) {
  const std::uint32_t* links = graph.links(row, 0);
  for (std::uint32_t i = 0; i < graph.degree(0); i += 16) __builtin_prefetch(links + i);
}

// Collects the unvisited neighbours of `row` on layer 0 into scratch->rows and their distances.
std::uint32_t visit_neighbors(const RowBlock& rows, const Graph& graph, const Query& query, std::uint32_t row,
                              SearchScratch* scratch) {
  const std::uint32_t* links = graph.links(row, 0);
  const std::uint32_t degree = graph.degree(0);
  std::uint32_t fresh = 0;
  for (std::uint32_t i = 0; i < degree && links[i] != kNoNode; ++i) {
    scratch->rows[fresh] = links[i];
    fresh += scratch->visited.insert(links[i]) ? 1 : 0;
  }
  rows.format().distances(query, rows.rows(), scratch->rows.data(), fresh, scratch->distances.data());
  return fresh;
}

}  // namespace

void walk(const RowBlock& rows, const Graph& graph, const Query& query, std::uint32_t ef, SearchScratch* scratch) {
  std::vector<Candidate>& pool = scratch->pool;
  pool.clear();
  if (graph.nodes() == 0) return;
  const Candidate start = descend(rows, graph, query, scratch);
  scratch->visited.clear(graph.nodes());
  scratch->visited.insert(start.row);
  scratch->rows.resize(graph.degree(0));
  pool.reserve(ef + 1);
  pool.push_back(start);

  // One array, sorted, is both the results and the frontier: the first entry not yet expanded is the next.
  std::size_t next = 0;
  while (next < pool.size()) {
    const std::uint32_t row = pool[next].row;
    pool[next].row |= kExpanded;
    const std::uint32_t fresh = visit_neighbors(rows, graph, query, row, scratch);
    std::size_t first_inserted = pool.size();
    for (std::uint32_t i = 0; i < fresh; ++i) {
      const Candidate candidate{scratch->distances[i], scratch->rows[i]};
      if (pool.size() == ef) {
        if (candidate.distance >= pool.back().distance) continue;
        pool.pop_back();
      }
      const auto at = std::upper_bound(pool.begin(), pool.end(), candidate, nearer);
      first_inserted = std::min<std::size_t>(first_inserted, static_cast<std::size_t>(at - pool.begin()));
      pool.insert(at, candidate);
    }
    next = std::min(next + 1, first_inserted);
    while (next < pool.size() && (pool[next].row & kExpanded) != 0) ++next;
    if (next < pool.size()) prefetch_links(graph, pool[next].row);
  }
  for (Candidate& candidate : pool) candidate.row &= ~kExpanded;
}

bool walk_filtered(const RowBlock& rows, const Graph& graph, const Query& query, std::uint32_t ef, const Bitmap* filter,
                   std::uint64_t max_distances, SearchScratch* scratch) {
  std::vector<Candidate>& results = scratch->pool;       // heap, farthest on top
  std::vector<Candidate>& frontier = scratch->frontier;  // heap, nearest on top
  results.clear();
  frontier.clear();
  if (graph.nodes() == 0) return false;
  const auto admits = [&](std::uint32_t row) {
    return rows.is_live(row) && (filter == nullptr || filter->contains(rows.id(row)));
  };
  const Candidate start = descend(rows, graph, query, scratch);
  scratch->visited.clear(graph.nodes());
  scratch->visited.insert(start.row);
  scratch->rows.resize(graph.degree(0));
  frontier.push_back(start);
  if (admits(start.row)) results.push_back(start);

  std::uint64_t distances = 0;
  while (!frontier.empty()) {
    const Candidate nearest = frontier.front();
    if (results.size() == ef && nearest.distance > results.front().distance) break;
    std::pop_heap(frontier.begin(), frontier.end(), farther);
    frontier.pop_back();
    const std::uint32_t fresh = visit_neighbors(rows, graph, query, nearest.row, scratch);
    distances += fresh;
    if (distances > max_distances) return false;
    for (std::uint32_t i = 0; i < fresh; ++i) {
      const Candidate candidate{scratch->distances[i], scratch->rows[i]};
      if (results.size() == ef && candidate.distance >= results.front().distance) continue;
      frontier.push_back(candidate);
      std::push_heap(frontier.begin(), frontier.end(), farther);
      if (!admits(candidate.row)) continue;
      results.push_back(candidate);
      std::push_heap(results.begin(), results.end(), nearer);
      if (results.size() > ef) {
        std::pop_heap(results.begin(), results.end(), nearer);
        results.pop_back();
      }
    }
  }
  // A walk that ran out of nodes may have been cut off from admitted ones: graphs by inner product have such corners.
  if (results.size() < ef) return false;
  std::sort(results.begin(), results.end(), nearer);
  return true;
}

}  // namespace tamis::index
