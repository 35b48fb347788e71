// Explanations of the items of an answer.
#pragma once

#include <span>
#include <vector>

#include "engine/query/retriever.h"
#include "engine/requests.h"

namespace tamis::engine {

inline constexpr std::size_t kMaxReasons = 5;  // per item and retriever

// One retriever of a query as it was asked, and what it found.
struct AskedRetriever {
  const RetrieverConfig* config = nullptr;
  const CandidateList* found = nullptr;
};

// Who brought `item`, at which rank and score, and why: the strongest reasons first.
Result<ItemExplanation> explain_item(const RetrievalContext& context, std::span<const AskedRetriever> asked,
                                     const RankedItem& item);

}  // namespace tamis::engine
