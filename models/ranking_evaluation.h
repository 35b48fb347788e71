// Full-ranking evaluation: every item is a candidate for every user, none is sampled.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/status.h"
#include "models/bootstrap.h"
#include "models/metrics.h"
#include "models/scored_id.h"
#include "models/train_control.h"

namespace tamis::models {

// A user to evaluate: what must not be recommended again, and what would have been right.
struct EvaluationCase {
  std::uint32_t user = 0;
  std::span<const std::uint32_t> seen;      // ascending, unique
  std::span<const std::uint32_t> relevant;  // ascending, unique, not empty
};

struct RankingQuery {
  std::uint32_t user = 0;
  std::size_t depth = 0;  // items wanted
};

// The model under evaluation: for each query, the user's best items (at most `depth`, best first) into lists[i], seen
// items included. Called from several threads at once, with batches of users. Any model fits: factors by
// rank_by_dot_product, neighbourhoods by their own lists, sequence models by their user side.
using Recommender =
    std::function<void(std::span<const RankingQuery> queries, std::span<std::vector<std::uint32_t>> lists)>;

// A recommender of the same list for everyone: popular, trending, latest. `ranked` is best first.
Recommender rank_for_everyone(std::vector<std::uint32_t> ranked);
// A recommender by dot products user_factors [users, dim] x item_factors [items, dim], which outlive it.
Recommender rank_by_dot_product(std::span<const float> user_factors, std::span<const float> item_factors,
                                std::size_t dim);

struct RankingMetrics {
  std::uint64_t users = 0;  // evaluated
  double recall = 0, ndcg = 0, hr = 0, mrr = 0, map = 0;
  double coverage = 0;                         // share of all items that stand in at least one list
  double gini = 0;                             // of how often each item is recommended, over all items
  std::vector<UserMetrics> by_case;            // of each case, in their order
  std::vector<std::uint64_t> recommendations;  // [items], in how many lists each stands

  // {"recall@20": .., "ndcg@20": .., "hr@20", "mrr@20", "map@20", "coverage@20", "gini@20"} for k = 20.
  std::map<std::string, double> named(std::size_t k) const;
  // Bootstrap intervals of the means over users, by the same names.
  std::map<std::string, Interval> intervals(std::size_t k, const BootstrapOptions& options = {}) const;
};

// Novelty of what was recommended: the mean over list entries of -log2(the item's share of all train interactions),
// in bits (Vargas & Castells 2011); an item without any counts as if it had one. 0 where nothing was recommended.
// `train_counts` is [items].
double novelty(std::span<const std::uint64_t> recommendations, std::span<const std::uint64_t> train_counts);

// Means over `cases` of the metrics at k, with seen items removed from each list. Same result for any number of
// threads. Errors: invalid_argument (k of 0), unavailable (cancelled), resource_exhausted (memory).
Result<RankingMetrics> evaluate_ranking(std::span<const EvaluationCase> cases, std::size_t items,
                                        const Recommender& recommender, std::size_t k, const TrainControl& control);
// The same at several cutoffs, in their order, from one list per case.
Result<std::vector<RankingMetrics>> evaluate_ranking(std::span<const EvaluationCase> cases, std::size_t items,
                                                     const Recommender& recommender,
                                                     std::span<const std::size_t> cutoffs, const TrainControl& control);

}  // namespace tamis::models
