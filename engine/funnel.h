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

namespace tamis {

// One source of candidates.
struct RetrieverConfig {
  // "ann" (space by space), "item_knn", "user_knn", "popular", "trending", "latest", "similar" (nearest to recent
  // items).
  std::string kind;
  std::uint32_t quota = 100;  // candidates asked of it, 1..5000
  double weight = 1.0;        // in the merge, > 0
  std::string space;          // "ann" and "similar": the embedding space; default "ials"
};

enum class MergeMethod {
  kReciprocalRank,   // sum of weight / (60 + rank) (Cormack, Clarke & Buettcher 2009)
  kInterleave,       // weighted round robin over the retrievers
  kNormalizedScore,  // sum of weight * min-max normalised score
};

struct FunnelConfig {
  std::string name = "default";
  std::uint32_t version = 1;
  std::vector<RetrieverConfig> retrievers;
  MergeMethod merge = MergeMethod::kReciprocalRank;
  bool exclude_seen = true;
  std::vector<std::string> seen_types;  // interaction types that count as seen; empty: all
  Filter filter;                        // which items may be recommended
  std::vector<std::string> fallback = {"trending", "popular", "latest"};  // in turn until k items are found

  static FunnelConfig default_funnel();
};

inline constexpr std::size_t kMaxRetrievers = 16;  // of one funnel
inline constexpr std::uint32_t kMaxQuota = 5'000;  // of one retriever
inline constexpr double kMaxRetrieverWeight = 1'000;
inline constexpr std::size_t kMaxSeenTypes = 64;
inline constexpr std::size_t kMaxFilterDepth = 32;
inline constexpr std::size_t kMaxFilterNodes = 1'024;    // conditions and groups of one filter
inline constexpr std::size_t kMaxFilterValues = 10'000;  // of one "in"

// JSON <-> FunnelConfig, as in docs/http_api_funnels.md. Members left out keep the default funnel's setting. Errors
// carry the JSON pointer of the fault in Status::field(), the value and what was expected; unknown members are refused
// with the nearest known name.
Result<FunnelConfig> parse_funnel(std::string_view name, std::string_view json);
std::string funnel_to_json(const FunnelConfig& funnel);  // REQUIRES: validate_funnel(funnel) is ok

// A filter as in docs/http_api_funnels.md: {"all":[{"field":"price","lt":5}, ...]}.
Result<Filter> parse_filter(std::string_view json);
std::string filter_to_json(const Filter& filter);  // REQUIRES: validate_filter(filter) is ok

// The same checks on values made in code. invalid_argument, the member in Status::field().
Status validate_funnel(const FunnelConfig& funnel);
Status validate_filter(const Filter& filter);

}  // namespace tamis
