// The queries that a snapshot records, so that a restore can show that it answers as the database did.
#pragma once

#include <vector>

#include "common/status.h"
#include "engine/live/read_state.h"
#include "engine/snapshot/snapshot_manifest.h"

namespace tamis::engine {

// Recommendations for a spread of users and a stranger, and searches in every space, answered from `state` by exact
// search as of `now_ms`: an approximate one may differ between an index that grew and the same one loaded. Those are
// left out that by their estimated cost do not fit into `budget_us`, since commits wait meanwhile.
// REQUIRES: nothing is committed meanwhile.
Result<std::vector<RecordedQuery>> record_queries(const ReadState& state, TimestampMs now_ms, double budget_us);

// failed_precondition naming the first query that is answered otherwise.
Status check_recorded_queries(const ReadState& state, TimestampMs now_ms, const std::vector<RecordedQuery>& queries);

}  // namespace tamis::engine
