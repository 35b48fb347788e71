// Funnel: a named configuration of retrieve, rank and re-rank. Plain data, stored as a JSON document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/filter.h"
#include "common/status.h"
#include "engine/funnel_rules.h"

namespace tamis {

// One source of candidates.
struct RetrieverConfig {
  // "ann" (space by space), "item_knn", "user_knn", "popular", "trending", "latest", "similar" (nearest to recent
  // items).
  std::string kind;
  std::uint32_t quota = 100;  // candidates asked of it, 1..5000
  double weight = 1.0;        // in the merge, > 0
  std::string space;          // "ann" and "similar": the embedding space; default "ials"
  bool exact = false;         // of these: scan every vector rather than walk the graph, so that answers can be replayed
};

enum class MergeMethod {
  kReciprocalRank,   // sum of weight / (60 + rank) (Cormack, Clarke & Buettcher 2009)
  kInterleave,       // weighted round robin over the retrievers
  kNormalizedScore,  // sum of weight * min-max normalised score
};

// What scores the merged candidates.
struct RankerConfig {
  std::string kind = "none";       // "none" (the merged score stands), "dlrm" (the serving generation's)
  std::uint32_t candidates = 200;  // kept for the ranker and the rules, 1..5000; never fewer than k
  // Of "dlrm": how its objectives become one score, "p(purchase) * 5 + p(click)"; empty: the first objective.
  std::string objective;
};

// How what was served is measured.
struct ImpressionConfig {
  double sample_rate = 1;                       // share of answers whose slots are logged, 0..1
  std::uint32_t attribution_window_s = 86'400;  // an interaction without recommendation id counts so long after a slot
};

struct FunnelConfig {
  std::string name = "default";
  std::uint32_t version = 1;
  // The stored funnel whose settings hold for the members in `inherited`; empty: none.
  std::string base;
  // Names of members that follow the base, whatever it says when a request comes. What is here is what it said last.
  std::vector<std::string> inherited;
  std::vector<RetrieverConfig> retrievers;
  MergeMethod merge = MergeMethod::kReciprocalRank;
  bool exclude_seen = true;
  std::vector<std::string> seen_types;  // interaction types that count as seen; empty: all
  std::string rotate_shown = "pages";   // when what the user was shown lately sinks: "never", "pages" or "always"
  Filter filter;                        // which items may be recommended
  RankerConfig ranker;
  std::vector<RuleConfig> rules;  // in turn, after ranking
  double rule_budget_us = 0;      // a rule that takes longer is counted and told of; 0: no budget
  std::vector<std::string> fallback = {"trending", "popular", "latest"};  // in turn until k items are found
  ImpressionConfig impressions;

  static FunnelConfig default_funnel();
};

inline constexpr std::size_t kMaxRetrievers = 16;  // of one funnel
inline constexpr std::uint32_t kMaxQuota = 5'000;  // of one retriever
inline constexpr double kMaxRetrieverWeight = 1'000;
inline constexpr std::uint32_t kMaxRankedCandidates = 5'000;
inline constexpr std::size_t kMaxObjectiveBytes = 1'024;
inline constexpr std::size_t kMaxRules = 32;
inline constexpr std::size_t kMaxPins = 100;
inline constexpr std::uint32_t kMaxAttributionWindowS = 90 * 86'400;
inline constexpr std::size_t kMaxSeenTypes = 64;
inline constexpr std::size_t kMaxFilterDepth = 32;
inline constexpr std::size_t kMaxFilterNodes = 1'024;    // conditions and groups of one filter
inline constexpr std::size_t kMaxFilterValues = 10'000;  // of one "in"

// JSON <-> FunnelConfig, as in docs/http_api_funnels.md. Members left out keep the default funnel's setting, or follow
// the base where one is named. Errors carry the JSON pointer of the fault in Status::field(), the value and what was
// expected; unknown members are refused with the nearest known name. What a document means (is the base known?) is
// asked of a database.
Result<FunnelConfig> parse_funnel(std::string_view name, std::string_view json);  // the first fault, if any
// Without the members that it inherits. REQUIRES: validate_funnel(funnel) is ok.
std::string funnel_to_json(const FunnelConfig& funnel);

// What is valid and has no effect, or not the one that its writer may expect: a condition on a field that no item has.
struct Warning {
  std::string path;  // a JSON pointer to what it is about: "/rules/0/field"
  std::string detail;
};

// A document with all that is wrong with it; the funnel counts only where nothing is.
struct FunnelDocument {
  FunnelConfig funnel;
  std::vector<Status> faults;
  std::vector<Warning> warnings = {};  // where a database was asked and there are no faults
};
FunnelDocument read_funnel(std::string_view name, std::string_view json);
// The same for one that is laid over the funnel of a request: members left out follow its base, or that funnel.
FunnelDocument read_funnel_override(std::string_view name, std::string_view json);

// The JSON schema (draft 2020-12) of a funnel document.
std::string funnel_schema();

// Gives `funnel` the base's settings of its inherited members.
void inherit_members(const FunnelConfig& base, FunnelConfig* funnel);

// A filter as in docs/http_api_funnels.md: {"all":[{"field":"price","lt":5}, ...]}.
Result<Filter> parse_filter(std::string_view json);
std::string filter_to_json(const Filter& filter);  // REQUIRES: validate_filter(filter) is ok

// The same checks on values made in code. invalid_argument, the member in Status::field().
Status validate_funnel(const FunnelConfig& funnel);
Status validate_filter(const Filter& filter);

}  // namespace tamis
