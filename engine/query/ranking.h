// Ranking: a precise score for each of a few hundred merged candidates.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "engine/retrieval/candidate.h"
#include "engine/retrieval/retriever.h"

namespace tamis::engine {

// What a ranker may look at. `context` holds the state (with the serving generation), the user (profile, history, the
// request's context features) and the time.
struct RankingInput {
  const RetrievalContext& context;
  const RankerConfig& config;
  std::span<const CandidateList> lists;  // what CandidateSource::list counts
  const MergedCandidates& candidates;
};

// What one objective gave each candidate, for explanations.
struct ObjectiveScores {
  std::string name;            // "purchase"
  std::vector<double> scores;  // [candidates]
};

struct Ranking {
  std::vector<double> scores;  // [candidates], higher is better; empty: the merged scores stand
  std::vector<ObjectiveScores> objectives;
  std::string note;  // why the merged scores stand, where a ranker was asked for
};

// Thread-safe. A ranker that the serving generation lacks is no error: the note says so.
Result<Ranking> rank_candidates(const RankingInput& input);

}  // namespace tamis::engine
