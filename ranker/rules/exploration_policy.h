// Which of some uncertain items to try: a probability for each.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "common/status.h"
#include "ranker/rules/rule.h"

namespace tamis::ranker {

enum class ExplorationPolicy {
  kUniform,   // each alike: with a share epsilon of slots this is epsilon-greedy
  kThompson,  // the probability that the item's click rate is the largest, under Beta(1 + clicks, 1 + rest) posteriors
              // (Thompson 1933; Chapelle & Li 2011)
  kUcb,       // all on the largest upper confidence bound rate + sqrt(2 ln N / n) (UCB1, Auer et al. 2002,
              // doi:10.1023/A:1013689704352); n is at least 1; the first of equals
};
std::string_view exploration_policy_name(ExplorationPolicy policy);  // "uniform", "thompson", "ucb"
Result<ExplorationPolicy> parse_exploration_policy(std::string_view name);

// Non-negative, of sum 1, by item of `pool`; empty for an empty pool. Thompson's probabilities come from integrating
// the posteriors on a grid (to about 1e-3), and the choice is drawn from them: so that logged propensities are those of
// the choice exactly. O(pool * grid).
std::vector<double> exploration_probabilities(ExplorationPolicy policy, std::span<const ItemCounts> pool);

}  // namespace tamis::ranker
