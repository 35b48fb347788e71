// The funnel's first stage: every retriever fills its quota.
#pragma once

#include <vector>

#include "common/status.h"
#include "engine/query/stage_clock.h"
#include "engine/retrieval/candidate.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {

// One list per configured retriever, in the funnel's order.
Result<std::vector<CandidateList>> retrieve(const RetrievalContext& context, const FunnelConfig& funnel,
                                            StageClock* clock);

}  // namespace tamis::engine
