// Funnel: a named configuration of retrieve, rank and re-rank. Plain data, stored as a JSON document.
#pragma once

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

// JSON <-> FunnelConfig. Errors carry the JSON pointer of the fault in Status::field(), the value and what was
// expected; unknown members are refused with the nearest known name.
Result<FunnelConfig> parse_funnel(std::string_view name, std::string_view json);
std::string funnel_to_json(const FunnelConfig& funnel);

// A filter as in docs/http_api.md: {"all":[{"field":"price","lt":5}, ...]}.
Result<Filter> parse_filter(std::string_view json);
std::string filter_to_json(const Filter& filter);

}  // namespace tamis
