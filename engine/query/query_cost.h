// Estimates the cost of a recommendation before it runs, so that the server can run expensive ones on separate threads.
#pragma once

#include "engine/funnel.h"
#include "engine/live/read_state.h"
#include "engine/requests.h"

namespace tamis::engine {

// Microseconds of one core, as an upper figure: from the sizes that the request, its funnel and the data allow, with
// the unit costs of query_cost.cc. It does not know how many items a filter leaves or how long the user's history is.
// 0 where the request names no funnel: the answer is an error then.
double recommend_cost_us(const ReadState& state, const RecommendRequest& request);

// The same of evaluating a filter: of bringing the fields that no filter compared before into the bitmaps.
double filter_cost_us(const ReadState& state, EntityKind kind, const Filter& filter);

// The same of a search by vector: a scan of the space where it is asked for, or where users of a trained space are
// searched, who may have no graph.
double similar_cost_us(const ReadState& state, const SimilarRequest& request);
double search_cost_us(const ReadState& state, const SearchRequest& request);

// The same of an exact search among the items of a space; 0 where there is no such space.
double exact_search_cost_us(const ReadState& state, const std::string& space);

}  // namespace tamis::engine
