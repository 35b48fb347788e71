// FunnelRun: one pass of candidates through a funnel, kept whole, so that an answer, its explanation and the account of
// why an item is missing are read off the same run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "engine/query/ranking.h"
#include "engine/query/stage_clock.h"
#include "engine/requests.h"
#include "engine/retrieval/candidate.h"
#include "engine/retrieval/retriever.h"
#include "ranker/rules/rule.h"

namespace tamis::engine {

struct RunOptions {
  std::size_t k = 10;
  const UserState* person = nullptr;           // whom the rules are about; null: the context's user
  std::span<const HistoryEntry> history = {};  // of the request: it counts as the person's past, too
  std::uint64_t seed = 0;                      // of what the rules leave to chance
  bool keep_steps = false;                     // keeps the list before the rules and after each of them
};

// One rule's work.
struct RuleStep {
  ranker::RuleReport report;
  bool is_over_budget = false;
  ranker::CandidateList after;  // where RunOptions::keep_steps
};

struct FunnelRun {
  std::vector<CandidateList> lists;  // of the retrievers, in the funnel's order
  CandidateList new_items;           // for an explore rule; empty without one
  MergedCandidates merged;
  Ranking ranking;
  ranker::CandidateList before_rules;  // where RunOptions::keep_steps: by rank, ranked and cut
  std::vector<RuleStep> rules;
  std::vector<RankedItem> answer;             // at most k
  std::vector<CandidateList> fallback_lists;  // what the fallback was asked and gave

  bool reads_impressions = false;  // what was shown before, which the log does not hold, had a say
  bool rounds_vectors = false;     // a rule compared items by quantized vectors, where a past database has f32 ones

  // Everything follows from the data alone, so the run can be had again.
  bool is_exact() const {
    if (reads_impressions || rounds_vectors) return false;
    const auto exact = [](const CandidateList& list) { return list.is_exact; };
    return new_items.is_exact && std::all_of(lists.begin(), lists.end(), exact) &&
           std::all_of(fallback_lists.begin(), fallback_lists.end(), exact);
  }
};

// Merges, ranks, applies the rules and fills up what `lists` hold. Lists are what retrieve() gives, or another
// source's.
Result<FunnelRun> run_funnel(const RetrievalContext& context, const FunnelConfig& funnel,
                             std::vector<CandidateList> lists, const RunOptions& options, StageClock* clock);

}  // namespace tamis::engine
