// Nearest neighbours among the eligible.
#pragma once

#include <span>
#include <vector>

#include "engine/retrieval/eligibility.h"
#include "index/vector_index.h"
#include "models/neighbors.h"

namespace tamis::engine {

// At most `k` eligible neighbours of `query`, best first: the filter goes into the search; where exclusions or expired
// entries leave fewer than k, the search is repeated deeper. `options.filter` is set here. Errors as
// VectorIndex::search().
Result<std::vector<models::ScoredId>> search_eligible(const index::VectorIndex& index, std::span<const float> query,
                                                      std::size_t k, const Eligibility& is_eligible,
                                                      index::SearchOptions options = {});

}  // namespace tamis::engine
