// What is asked of an off-policy evaluation of a funnel, and what it answers. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/status.h"
#include "engine/funnel.h"
#include "engine/off_policy.h"

namespace tamis {

struct OffPolicyRequest {
  std::string funnel = "default";        // the candidate, where `document` is empty
  std::optional<FunnelConfig> document;  // the candidate; members in its `inherited` follow its base or `funnel`
  std::optional<std::string> logged_by;  // lists of this funnel only; default: of any
  TimestampMs from_ms = 0;
  TimestampMs to_ms = 0;  // 0: now
  // Reward of a slot: the sum over types of weight, where it has an outcome of that type. Empty: 1 where it was clicked
  // (an outcome of a type that weighs).
  std::map<std::string, double> reward;
  std::vector<std::string> estimators = {"ips", "snips", "dr"};
  OffPolicyOptions options;
  std::uint64_t max_lists = 20'000;  // the newest; 1..1000000. Each costs a query
  double least_sample = 50;          // effective sample size below which it is refused; >= 0
};

// {"funnel": name or document, "from", "to", "reward": type or {type: weight}, "estimators", "logged_by",
//  "assumption": "prefix" or "slot", "max_weight", "max_lists", "min_effective_sample_size", "alpha"}
Result<OffPolicyRequest> parse_off_policy_request(std::string_view json);

struct OffPolicyEvaluation {
  std::string funnel;
  TimestampMs from_ms = 0;
  TimestampMs to_ms = 0;
  OffPolicyEstimates estimates;
  std::vector<std::string> estimators;
  std::string assumption;         // "prefix", "slot"
  std::uint64_t passed_over = 0;  // lists that cannot be asked again: their requests had conditions of their own
  std::string fault;              // why the estimates mean nothing; empty where they do
};
std::string off_policy_to_json(const OffPolicyEvaluation& evaluation);

}  // namespace tamis
