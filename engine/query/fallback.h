// The funnel's last stage: everybody gets a full list where the catalogue has one.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "engine/retrieval/candidate.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {

// Appends eligible items that are not in `answer` yet until it has `k`, from the rankings that `kinds` names, in turn.
// Their scores go on falling below the last one's. `sources` gets, for each ranking asked, the part of it that was
// taken (for explanations). `screen`, where set, takes out of a ranking what may not be served behind the answer so
// far; rankings are read deeper then.
using Screen = std::function<void(const std::vector<RankedItem>&, std::vector<models::ScoredId>*)>;
Status fill_from_fallback(const RetrievalContext& context, const std::vector<std::string>& kinds, std::size_t k,
                          const Screen& screen, std::vector<RankedItem>* answer, std::vector<CandidateList>* sources);

}  // namespace tamis::engine
