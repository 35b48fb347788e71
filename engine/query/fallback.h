// The funnel's last stage: everybody gets a full list where the catalogue has one.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/query/candidate.h"
#include "engine/query/retriever.h"

namespace tamis::engine {

// Appends eligible items that are not in `answer` yet until it has `k`, from the rankings that `kinds` names, in turn.
// Their scores go on falling below the last one's. `sources` gets, for each ranking asked, the part of it that was
// taken (for explanations).
Status fill_from_fallback(const RetrievalContext& context, const std::vector<std::string>& kinds, std::size_t k,
                          std::vector<RankedItem>* answer, std::vector<CandidateList>* sources);

}  // namespace tamis::engine
