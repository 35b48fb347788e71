// New items for a funnel that explores: retrievers weigh what people did, so an item that nobody has met would never be
// among the candidates that an explore rule chooses from.
#pragma once

#include "common/status.h"
#include "engine/funnel.h"
#include "engine/retrieval/candidate.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {

// The newest eligible items by the age field of the funnel's explore rule (by the listing date where it names none), as
// many as the rule's pool takes. Empty for a funnel that explores nothing.
Result<CandidateList> find_new_items(const RetrievalContext& context, const FunnelConfig& funnel);

// Puts those that are not among the candidates behind them, with a merged score below the last one's.
void append_new_items(const CandidateList& items, MergedCandidates* merged);

}  // namespace tamis::engine
