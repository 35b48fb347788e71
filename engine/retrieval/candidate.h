// Candidates on their way through a funnel.
#pragma once

#include <cstdint>
#include <span>
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
  bool is_exact = true;  // it follows from the data alone: no walk of a graph, no list of a while ago
};

// Where a retriever put a candidate.
struct CandidateSource {
  std::uint32_t list = 0;  // which of the query's lists
  std::uint32_t rank = 0;  // from 1
  double score = 0;        // in the retriever's unit
};

// The lists as one: items best first, each once, with everything that is known of how it was found.
struct MergedCandidates {
  struct Entry {
    DenseId item = kNoDenseId;
    double score = 0;  // of the merge
    std::uint32_t first_source = 0;
    std::uint32_t source_count = 0;
  };
  std::vector<Entry> entries;
  std::vector<CandidateSource> sources;  // by entry, then by list

  std::span<const CandidateSource> sources_of(const Entry& entry) const {
    return {sources.data() + entry.first_source, entry.source_count};
  }
};

// An item that the funnel will answer with.
struct RankedItem {
  DenseId item = kNoDenseId;
  double score = 0;
  bool fallback = false;
  double propensity = 1;  // that chance put it into its slot, given the slots before it
};

}  // namespace tamis::engine
