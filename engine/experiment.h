// Experiments: which share of people gets which funnel, and what came of it. Plain data, stored as JSON documents.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/filter.h"
#include "common/status.h"

namespace tamis {

// One alternative. Without funnel and override it serves what was asked for: a control.
struct ExperimentArm {
  std::string name;
  double share = 0;           // of the experiment's users, 0..1
  std::string funnel;         // served instead of the one that was asked for; empty: that one
  std::string override_json;  // members laid over it, as a request's "override"; empty: none
};

// A half-open range of a layer's 10,000 buckets.
struct BucketRange {
  std::uint32_t first = 0;
  std::uint32_t end = 0;
};

struct ExperimentConfig {
  std::string name;
  std::uint32_t version = 1;
  // Experiments of one layer never meet: each has buckets of its own. Those of different layers are split
  // independently. Empty: a layer of its own.
  std::string layer;
  double traffic = 1;               // share of the layer's users, (0, 1]
  std::string salt;                 // of the split into arms; empty: the name
  std::string funnel = "default";   // requests that end up at this funnel take part
  std::vector<ExperimentArm> arms;  // 1..16
  double holdout = 0;               // share of the users who get what was asked for and are counted as arm "holdout"
  std::string control;              // the arm that the others are compared with; empty: the first
  TimestampMs start_ms = 0;         // 0: when it is stored
  TimestampMs end_ms = 0;           // 0: open
  Filter users;                     // over features of the user as they are; trivial: everybody, strangers included
  double alpha = 0.05;              // of intervals and tests, 0.0001..0.5
  std::uint64_t planned_users = 10'000;  // where the always-valid intervals are tightest; any value is valid
  // Set by the database when it is stored: where in the layer its users are.
  std::vector<BucketRange> buckets;
};

inline constexpr std::string_view kHoldoutArm = "holdout";
inline constexpr std::size_t kMaxArms = 16;

// invalid_argument with the JSON pointer of the fault in Status::field(); unknown members name the nearest known one.
Result<ExperimentConfig> parse_experiment(std::string_view name, std::string_view json);
std::string experiment_to_json(const ExperimentConfig& experiment);
Status validate_experiment(const ExperimentConfig& experiment);

// --- results ---

struct MetricInterval {
  double value = 0;
  double low = 0, high = 0;                // of a fixed sample: right once, at a time set beforehand
  double always_low = 0, always_high = 0;  // holds at all times at once: may be looked at whenever one likes
};

struct ArmResult {
  std::string arm;
  double share = 0;  // planned
  std::uint64_t users = 0;
  std::uint64_t exposures = 0;  // lists
  std::uint64_t slots = 0;
  std::uint64_t clicked = 0;
  std::uint64_t converted = 0;
  double value = 0;
  MetricInterval click_through_rate;  // clicked slots per slot
  MetricInterval conversions_per_user;
  MetricInterval value_per_user;
};

struct ArmComparison {
  std::string arm;
  std::string metric;  // "click_through_rate", "conversions_per_user", "value_per_user"
  MetricInterval difference;
  MetricInterval lift;  // difference / control; all 0 where the control has none
  double p_value = 1;   // of a fixed sample
  double always_valid_p_value = 1;
  bool is_significant = false;  // the always-valid interval of the difference leaves out 0
};

struct ExperimentResults {
  ExperimentConfig experiment;
  TimestampMs from_ms = 0;
  TimestampMs to_ms = 0;
  std::vector<ArmResult> arms;
  std::vector<ArmComparison> comparisons;  // each arm but the control with it
  // Chi-square over the users of each arm against the shares: whether the split was what it should have been.
  double sample_ratio_p_value = 1;
  bool has_sample_ratio_mismatch = false;  // p below 0.001: do not trust the rest
};

std::string experiment_results_to_json(const ExperimentResults& results);

}  // namespace tamis
