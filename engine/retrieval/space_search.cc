#include "engine/retrieval/space_search.h"

#include <algorithm>

namespace tamis::engine {

Result<std::vector<models::ScoredId>> search_eligible(const index::VectorIndex& index, std::span<const float> query,
                                                      std::size_t k, const Eligibility& is_eligible,
                                                      index::SearchOptions options) {
  std::vector<models::ScoredId> result;
  options.filter = is_eligible.narrowing(k);
  const std::size_t size = index.size();
  std::size_t reachable = std::min(k, size);
  if (options.filter != nullptr) reachable = std::min<std::size_t>(reachable, options.filter->cardinality());
  if (reachable == 0) return result;
  // A narrowed search meets no excluded item; an open one may meet every one of them first.
  std::size_t depth = options.filter != nullptr ? reachable : std::min(size, k + is_eligible.excluded_count());
  for (;;) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<index::Neighbor> found, index.search(query, depth, options));
    result.clear();
    for (const index::Neighbor& neighbor : found) {
      if (result.size() == k) break;
      if (is_eligible(neighbor.id)) result.push_back({neighbor.id, neighbor.score});
    }
    if (result.size() >= reachable || found.size() < depth || depth >= size) return result;
    depth = std::min(size, depth * 4);
  }
}

}  // namespace tamis::engine
