// Merging the retrievers' lists into one.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/funnel.h"
#include "engine/retrieval/candidate.h"

namespace tamis::engine {

// The best `limit` of the union, best first, each item once; equal scores stand in order of dense id.
//   kReciprocalRank:  score = sum over lists of weight / (60 + rank), ranks from 1.
//   kNormalizedScore: score = sum of weight * (s - min + step) / (max - min + step) with the list's extremes and
//                     step = (max - min) / its length, so that the last is not 0; 1 where the extremes are equal.
//   kInterleave:      a smooth weighted round robin over the lists, each turn taking the list's next item that no
//                     other brought; score = 1 / position.
// Thread-safe: scratch is thread-local.
std::vector<RankedItem> merge_candidates(std::span<const CandidateList> lists, MergeMethod method, std::size_t limit);

// The same list, each item with its place in every list that holds it.
MergedCandidates merge_with_sources(std::span<const CandidateList> lists, MergeMethod method, std::size_t limit);

}  // namespace tamis::engine
