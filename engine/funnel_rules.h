// The re-rank rules that a funnel may list, as plain data. What each does stands in ranker/rules;
// docs/http_api_funnels.md gives the documents. Durations are in seconds, slots count from 1, as people write them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/filter.h"

namespace tamis {

// Removes what the condition does not hold for. Unlike the funnel's own filter it acts after ranking.
struct FilterRuleConfig {
  Filter condition;
};

// Raises (multiply > 1) or buries (multiply < 1) what the condition holds for.
struct BoostRuleConfig {
  Filter condition;
  double multiply = 1;
  double add = 0;
};

struct FreshnessRuleConfig {
  std::string field = "listed_at";    // a timestamp feature
  std::string decay = "exponential";  // "exponential", "gauss", "linear"
  double scale_s = 7 * 86'400.0;      // after which the factor is decay_at_scale
  double offset_s = 0;                // up to which an item is new
  double decay_at_scale = 0.5;
  double weight = 1;         // 0 changes nothing
  double missing_age_s = 0;  // the age of items without the field
};

// Maximal marginal relevance, or the greedy list of a determinantal point process, in `space`.
struct DiversityRuleConfig {
  std::string method = "mmr";  // "mmr", "dpp"
  std::string space = "ials";
  double relevance = 0.7;  // mmr: 0..1; dpp: 0..50
};

struct CapRuleConfig {
  std::string field;
  std::uint32_t most = 3;  // of a value among the k slots
  bool strict = false;     // removes what is over, where other items are lacking
};

struct SpreadRuleConfig {
  std::string field;
  std::uint32_t most = 1;    // of a value in any window
  std::uint32_t window = 3;  // consecutive slots
};

// The list's shares of the field's values follow those of the user's history.
struct CalibratedRuleConfig {
  std::string field;
  double weight = 0.5;  // 0: scores alone, 1: shares alone
};

struct Pin {
  std::string item;
  std::uint32_t slot = 0;  // from 1; 0: not said
  bool insert = true;      // brings the item in where the list does not hold it
};
struct PinRuleConfig {
  std::vector<Pin> pins;
};

// One item of each value of the field.
struct DedupeRuleConfig {
  std::string field;
};

// What was shown to the user again and again sinks, and recovers.
struct RotationRuleConfig {
  double fatigue = 0.2;  // share of the score that one fresh impression costs
  double half_life_s = 86'400;
  std::string type = "impression";  // or an interaction type
  bool spare_taken = false;         // what the user has had to do with since then does not count
};

struct SeenPolicy {
  std::string type;     // of interaction, or "impression"
  double window_s = 0;  // 0: for ever
  double multiply = 0;  // 0 removes
};
struct SeenRuleConfig {
  std::vector<SeenPolicy> policies;
};

struct MinimumScoreRuleConfig {
  double least = 0;
};

// A share of the slots goes to items that little is known of.
struct ExploreRuleConfig {
  std::string policy = "epsilon_greedy";  // "epsilon_greedy", "thompson", "ucb"
  double share = 0.1;
  double most_impressions = 100;  // of an item that counts as uncertain
  std::string age_field;          // with it: older items than most_age_s are not explored
  double most_age_s = 0;
  std::uint32_t most_pool = 50;
};

using RuleConfig = std::variant<FilterRuleConfig, BoostRuleConfig, FreshnessRuleConfig, DiversityRuleConfig,
                                CapRuleConfig, SpreadRuleConfig, CalibratedRuleConfig, PinRuleConfig, DedupeRuleConfig,
                                RotationRuleConfig, SeenRuleConfig, MinimumScoreRuleConfig, ExploreRuleConfig>;

}  // namespace tamis
