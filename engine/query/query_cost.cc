#include "engine/query/query_cost.h"

#include <algorithm>
#include <variant>

#include "engine/funnel/funnel_names.h"
#include "engine/live/space_index.h"
#include "engine/query/choose_funnel.h"

namespace tamis::engine {
namespace {

// Unit costs in microseconds of one core of an EPYC 9R14, rounded up, from the stages of explained answers over 20,000
// items. A retriever's candidates are read from a list that is there or found by a walk; of a walk each dimension
// counts.
constexpr double kPerRequest = 100;
constexpr double kPerCandidate = 0.5;     // retrieved, checked, merged
constexpr double kPerWalked = 0.01;       // per dimension and candidate of a walk through a graph
constexpr double kPerScanned = 0.0005;    // per dimension and vector of an exact scan
constexpr double kPerRanked = 5;          // by the DLRM
constexpr double kPerRuled = 1;           // by a rule that looks at each candidate once
constexpr double kPerSlot = 0.15;         // by a calibrated list, per candidate and slot
constexpr double kPerPair = 0.003;        // by a diverse list, per candidate and slot
constexpr double kPerDimension = 0.0002;  // by a diverse list, per candidate, slot and dimension
constexpr double kPerCondition = 0.2;     // of a filter, per candidate
constexpr double kPerIndexed = 1;         // an entity's value of a field that filters compare for the first time
constexpr double kPerAnswered = 10;       // an item of the answer, with features
constexpr double kPerReason = 50;         // why an item of the answer is there, by one retriever
constexpr double kWalksOfSimilar = 5;     // of the newest items of a history

double conditions_of(const Filter& filter) {
  double count = 1;
  for (const Filter& child : filter.children) count += conditions_of(child);
  return count;
}

struct Sizes {
  double items = 0;       // in the catalogue
  double candidates = 0;  // that the rules see
  double slots = 0;
};

double dimension_of(const ReadState& state, const std::string& space) {
  const auto found = state.spaces.find(space);
  return found == state.spaces.end() ? 0 : static_cast<double>(found->second->space.dim);
}

double cost_of(const RetrieverConfig& retriever, const ReadState& state, const Sizes& sizes) {
  const double taken = std::min<double>(retriever.quota, sizes.items);
  const double dim = retriever.space.empty() ? 0 : dimension_of(state, retriever.space);
  const double walks = retriever.kind == "similar" ? kWalksOfSimilar : 1;
  const bool scans = retriever.exact || state.exact_search;
  return taken * kPerCandidate + walks * dim * (scans ? sizes.items * kPerScanned : taken * kPerWalked);
}

double cost_of(const RuleConfig& rule, const ReadState& state, const Sizes& sizes) {
  const double once = sizes.candidates * kPerRuled;
  if (const auto* diversity = std::get_if<DiversityRuleConfig>(&rule)) {
    const double dim = dimension_of(state, diversity->space);
    const double kernel = diversity->method == "dpp" ? sizes.slots / 2 * kPerDimension : 0;
    return once + sizes.candidates * sizes.slots * (kPerPair + dim * kPerDimension + kernel);
  }
  if (std::holds_alternative<CalibratedRuleConfig>(rule)) return once + sizes.candidates * sizes.slots * kPerSlot;
  if (const auto* filter = std::get_if<FilterRuleConfig>(&rule))
    return once + sizes.candidates * conditions_of(filter->condition) * kPerCondition;
  if (const auto* boost = std::get_if<BoostRuleConfig>(&rule))
    return once + sizes.candidates * conditions_of(boost->condition) * kPerCondition;
  return once;
}

// Of a trained space: stored ones have a graph.
double user_scan_cost_us(const ReadState& state, std::string_view space) {
  const auto found = state.spaces.find(space);
  if (found == state.spaces.end() || !is_trained(found->second->space)) return 0;
  return static_cast<double>(found->second->space.dim * found->second->users->size()) * kPerScanned;
}

}  // namespace

double exact_search_cost_us(const ReadState& state, const std::string& space) {
  return dimension_of(state, space) * static_cast<double>(state.store->ids(EntityKind::kItem).size()) * kPerScanned;
}

double filter_cost_us(const ReadState& state, EntityKind kind, const Filter& filter) {
  const bool is_item = kind == EntityKind::kItem;
  const std::size_t fields = (is_item ? state.item_attributes : state.user_attributes)->count_unprepared(filter);
  if (fields == 0) return 0;
  return static_cast<double>(fields * (is_item ? state.items : state.users)->live_count()) * kPerIndexed;
}

double similar_cost_us(const ReadState& state, const SimilarRequest& request) {
  const double scan = request.kind == EntityKind::kUser
                          ? user_scan_cost_us(state, request.space.empty() ? kDefaultSpace : request.space)
                          : 0;
  return scan + filter_cost_us(state, request.kind, request.filter);
}

double search_cost_us(const ReadState& state, const SearchRequest& request) {
  const double filter = filter_cost_us(state, request.kind, request.filter);
  if (request.kind == EntityKind::kUser) return filter + user_scan_cost_us(state, request.space);
  return filter + (request.exact ? exact_search_cost_us(state, request.space) : 0);
}

double recommend_cost_us(const ReadState& state, const RecommendRequest& request) {
  const auto chosen = choose_funnel(state, request);
  if (!chosen.is_ok()) return 0;
  const FunnelConfig& funnel = **chosen;
  Sizes sizes{.items = static_cast<double>(state.store->ids(EntityKind::kItem).size())};
  sizes.slots = std::min<double>(request.k, sizes.items);
  double cost = kPerRequest + filter_cost_us(state, EntityKind::kItem, request.filter) +
                filter_cost_us(state, EntityKind::kItem, funnel.filter);
  double retrieved = 0;
  for (const RetrieverConfig& retriever : funnel.retrievers) {
    cost += cost_of(retriever, state, sizes);
    retrieved += std::min<double>(retriever.quota, sizes.items);
  }
  sizes.candidates = std::min({std::max<double>(funnel.ranker.candidates, sizes.slots), retrieved, sizes.items});
  if (funnel.ranker.kind != "none") cost += sizes.candidates * kPerRanked;
  for (const RuleConfig& rule : funnel.rules) cost += cost_of(rule, state, sizes);
  cost += sizes.slots * kPerAnswered;
  if (request.explain) {
    cost += sizes.slots * static_cast<double>(funnel.retrievers.size()) * kPerReason;
    cost += static_cast<double>(funnel.rules.size()) * sizes.candidates * kPerCandidate;
  }
  return cost;
}

}  // namespace tamis::engine
