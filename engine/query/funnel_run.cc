#include "engine/query/funnel_run.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "engine/query/fallback.h"
#include "engine/query/new_items.h"
#include "engine/query/rerank.h"
#include "engine/query/rule_factory.h"
#include "engine/retrieval/merge.h"

namespace tamis::engine {
namespace {

// The candidates that the rules see: more than are served, so that what a rule takes out can be replaced.
std::size_t kept_candidates(const FunnelConfig& funnel, std::size_t k) {
  const bool is_reordered = funnel.ranker.kind != "none" || !funnel.rules.empty();
  return is_reordered ? std::max<std::size_t>(k, funnel.ranker.candidates) : k;
}

// The merged candidates by the ranker's scores, or as they were merged.
ranker::CandidateList ranked_list(const MergedCandidates& merged, const Ranking& ranking,
                                  const CandidateList& new_items) {
  std::unordered_set<DenseId> is_new;
  for (const models::ScoredId& candidate : new_items.candidates) is_new.insert(candidate.id);
  ranker::CandidateList list;
  list.reserve(merged.entries.size());
  for (std::size_t i = 0; i < merged.entries.size(); ++i) {
    const double score = ranking.scores.empty() ? merged.entries[i].score : ranking.scores[i];
    const DenseId item = merged.entries[i].item;
    list.push_back({.item = item, .score = score, .is_new = is_new.contains(item)});
  }
  if (!ranking.scores.empty()) ranker::sort_by_score(list);
  return list;
}

}  // namespace

Result<FunnelRun> run_funnel(const RetrievalContext& context, const FunnelConfig& funnel,
                             std::vector<CandidateList> lists, const RunOptions& options, StageClock* clock) {
  FunnelRun run;
  run.lists = std::move(lists);
  run.merged = merge_with_sources(run.lists, funnel.merge, kept_candidates(funnel, options.k));
  TAMIS_ASSIGN_OR_RETURN(run.new_items, find_new_items(context, funnel));
  append_new_items(run.new_items, &run.merged);
  clock->end_stage("merge", run.merged.entries.size());

  if (funnel.ranker.kind != "none") {
    TAMIS_ASSIGN_OR_RETURN(run.ranking, rank_candidates({context, funnel.ranker, run.lists, run.merged}));
    clock->end_stage("rank", run.merged.entries.size(), run.ranking.note);
  }
  ranker::CandidateList list = ranked_list(run.merged, run.ranking, run.new_items);
  if (options.keep_steps) run.before_rules = list;

  run.reads_impressions = std::any_of(funnel.rules.begin(), funnel.rules.end(), reads_impressions);
  run.rounds_vectors = std::any_of(funnel.rules.begin(), funnel.rules.end(), [&](const RuleConfig& rule) {
    const SpaceIndex* space = space_of(rule, context.state);
    return space != nullptr && !space->space.keep_f32;
  });
  Reranker reranker(context, funnel, options);
  if (!funnel.rules.empty()) TAMIS_RETURN_IF_ERROR(reranker.apply(&list, &run.rules, clock));

  if (list.size() > options.k) list.resize(options.k);
  for (const ranker::Candidate& candidate : list)
    run.answer.push_back({.item = candidate.item, .score = candidate.score, .propensity = candidate.propensity});

  if (run.answer.size() < options.k) {
    Screen screen;
    if (!funnel.rules.empty()) {
      screen = [&](const std::vector<RankedItem>& answer, std::vector<models::ScoredId>* found) {
        reranker.screen(answer, found);
      };
    }
    TAMIS_RETURN_IF_ERROR(
        fill_from_fallback(context, funnel.fallback, options.k, screen, &run.answer, &run.fallback_lists));
  }
  clock->end_stage("fallback", run.answer.size());
  return run;
}

}  // namespace tamis::engine
