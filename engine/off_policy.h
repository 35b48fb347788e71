// Off-policy evaluation: what another funnel would have earned on the people and at the times that were logged. Plain
// data, and the estimators as pure functions.
//
// A list is a row of slots, each with a reward r_j, the probability p_j with which it was filled as it was given the
// slots above (the logged propensity), and the probability q_j with which the candidate funnel would have done so.
//
// Assumption "prefix": what people do at a slot depends on the items there and above, not below (the cascade of
// McInerney et al. 2020, doi:10.1145/3394486.3403229). Then w_j = prod_{i <= j} q_i / p_i makes
//   IPS    mean over lists of sum_j w_j r_j                              (Horvitz & Thompson 1952; unbiased)
//   SNIPS  sum_j of (sum w_j r_j / sum w_j)                              (Swaminathan & Joachims 2015)
//   DR     mean of sum_j [ w_{j-1} sum_a q(a) m(a, j) + w_j (r_j - m(a_j, j)) ]   (Dudik et al. 2011; by slot as in
//          Kiyohara et al. 2022, arXiv:2202.01562), m being a model of the reward
// Assumption "slot" (item-position click model, Li et al. 2018, arXiv:1804.10488): reward depends on the slot's item
// and position alone; w_j = q_j / p_j. Far less variance for long lists; approximate here, since p_j and q_j are given
// the slots above as they were logged.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tamis {

struct LoggedSlot {
  double reward = 0;
  double propensity = 1;    // p_j, in (0, 1]
  double probability = 0;   // q_j, 0..1
  double model_reward = 0;  // m(a_j, j)
  double model_value = 0;   // sum over all items a that the candidate may put here of q(a) m(a, j)
};

struct LoggedList {
  std::uint64_t user = 0;  // lists of one user vary together
  std::vector<LoggedSlot> slots;
};

enum class RewardAssumption { kPrefix, kSlot };

struct OffPolicyOptions {
  RewardAssumption assumption = RewardAssumption::kPrefix;
  double max_weight = 0;  // larger weights are cut to it, which biases towards less; 0: none is
  double alpha = 0.05;    // of the normal intervals, whose variance is that of the sums over users
};

struct ValueEstimate {
  std::string estimator;  // "logged", "ips", "snips", "dr"
  double value = 0;       // reward per list
  double low = 0, high = 0;
  double standard_error = 0;
};

struct OffPolicyEstimates {
  std::uint64_t lists = 0;
  std::uint64_t users = 0;
  ValueEstimate logged;  // what was earned: the funnel that logged
  ValueEstimate ips, snips, dr;
  // (sum w)^2 / sum w^2 at the slot where it is least (Kish 1965): so many lists say something of the candidate.
  double effective_sample_size = 0;
  // The least mean weight of a slot, which is 1 in expectation where the log supports all that the candidate would do;
  // what is missing to 1 is what it would do and the log never shows. `support_error`: its standard error.
  double support = 0;
  double support_error = 0;
  double clipped_share = 0;      // of the weights
  double largest_weight = 0;     // before clipping
  double matching_share = 0;     // of the lists, whose last weight is not 0
  bool is_deterministic = true;  // every logged propensity is 1
};

OffPolicyEstimates estimate_off_policy(std::span<const LoggedList> lists, const OffPolicyOptions& options);

// Why the estimates mean nothing, or empty: no lists, an effective sample size below `least_sample`, support more than
// three standard errors and 5% below 1.
std::string support_fault(const OffPolicyEstimates& estimates, double least_sample);

}  // namespace tamis
