// Candidates on their way through a funnel.
#pragma once

#include <string>
#include <vector>

#include "common/ids.h"
#include "models/neighbors.h"

namespace tamis::engine {

// What one retriever found.
struct CandidateList {
  std::string label;                         // "ann:ials", "item_knn": the retriever's name in explanations and metrics
  double weight = 1;                         // in the merge
  std::vector<models::ScoredId> candidates;  // items by dense id, best first, unique; scores in the retriever's unit
  std::string note;                          // why it is empty, where a part is missing
};

// An item that the funnel will answer with.
struct RankedItem {
  DenseId item = kNoDenseId;
  double score = 0;
  bool fallback = false;
};

}  // namespace tamis::engine
