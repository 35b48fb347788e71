// Off-policy evaluation with the real engine: runs a candidate funnel for the people and times of the log.
//
// The user's own history is cut to what the logged list reflected. All else is as it is today: items and their
// features, vectors and models, popularity, counts of impressions, other users. What follows from those differs from
// what the funnel would have served then; the estimates' own checks (support, effective sample size) see it where it
// matters.
#pragma once

#include "common/status.h"
#include "engine/learn/run_control.h"
#include "engine/live/read_state.h"
#include "engine/off_policy_evaluation.h"

namespace tamis::engine {

// Estimates that mean nothing carry OffPolicyEvaluation::fault. not_found: the funnel; failed_precondition: a candidate
// whose propensities are not known (pins after exploration); unavailable once `control` was cancelled.
Result<OffPolicyEvaluation> evaluate_off_policy(const ReadState& state, const OffPolicyRequest& request,
                                                const RunControl& control = {});

// The faults above that are known before any list is read.
Status check_candidate(const ReadState& state, const OffPolicyRequest& request);

}  // namespace tamis::engine
