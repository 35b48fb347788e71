// compare(): two funnels on one request.
#include "engine/compare.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/query/choose_funnel.h"
#include "engine/query/query.h"
#include "engine/query/recommendation_id.h"

namespace tamis::engine {
namespace {

// The funnel itself rather than its name: no experiment may put another in its place.
Status choose(const ReadState& state, const RecommendRequest& choice, const char* field, RecommendRequest* request) {
  Result<std::shared_ptr<const FunnelConfig>> funnel = choose_funnel(state, choice);
  if (!funnel.is_ok()) {
    const std::string inner = funnel.status().field() == "funnel" ? "" : "." + funnel.status().field();
    return Status(funnel.status()).at_field(field + inner);
  }
  request->override_funnel = **funnel;
  request->override_funnel->inherited.clear();
  return Status::ok();
}

double rank_biased_overlap(const RecommendAnswer& a, const RecommendAnswer& b) {
  constexpr double kPersistence = 0.9;
  const std::size_t depth = std::min(a.items.size(), b.items.size());
  if (depth == 0) return a.items.size() == b.items.size() ? 1 : 0;
  std::set<std::string_view> seen_a;
  std::set<std::string_view> seen_b;
  double overlap = 0;
  double sum = 0;
  for (std::size_t i = 0; i < depth; ++i) {
    seen_a.insert(a.items[i].item);
    seen_b.insert(b.items[i].item);
    if (a.items[i].item == b.items[i].item) {
      ++overlap;
    } else {
      overlap += seen_b.contains(a.items[i].item) ? 1 : 0;
      overlap += seen_a.contains(b.items[i].item) ? 1 : 0;
    }
    const auto rank = static_cast<double>(i + 1);
    sum += overlap / rank * std::pow(kPersistence, rank);
  }
  const auto last = static_cast<double>(depth);
  return overlap / last * std::pow(kPersistence, last) + (1 - kPersistence) / kPersistence * sum;
}

void compare_lists(CompareAnswer* answer) {
  for (const RecommendedItem& item : answer->a.items) answer->items.push_back({item.item, item.rank, 0});
  double change = 0;
  for (const RecommendedItem& item : answer->b.items) {
    const auto known = std::find_if(answer->items.begin(), answer->items.end(),
                                    [&](const ComparedItem& other) { return other.item == item.item; });
    if (known == answer->items.end()) {
      answer->items.push_back({item.item, 0, item.rank});
      continue;
    }
    known->rank_b = item.rank;
    ++answer->shared;
    change += std::abs(static_cast<double>(known->rank_a) - static_cast<double>(known->rank_b));
  }
  if (answer->shared > 0) answer->mean_rank_change = change / answer->shared;
  answer->jaccard =
      answer->items.empty() ? 1 : static_cast<double>(answer->shared) / static_cast<double>(answer->items.size());
  answer->rank_biased_overlap = rank_biased_overlap(answer->a, answer->b);
}

}  // namespace

Result<CompareAnswer> compare(const ReadState& state, const CompareRequest& compared, Sequence sequence) {
  RecommendRequest request = compared.request;
  const bool explains_items = request.explain;
  request.funnel = FunnelConfig().name;
  request.surface.clear();
  request.cursor.clear();
  request.with_cursor = false;
  request.as_of_sequence.reset();
  request.generation.clear();
  request.dry_run = true;
  request.explain = true;
  request.recommendation_id = make_recommendation_id();  // chance falls the same way in both
  CompareAnswer answer;
  const auto list_of = [&](const RecommendRequest& choice, const char* field, RecommendAnswer* list) -> Status {
    TAMIS_RETURN_IF_ERROR(choose(state, choice, field, &request));
    request.rotate_shown = wants_rotation(*request.override_funnel, compared.request);
    TAMIS_ASSIGN_OR_RETURN(*list, recommend(state, request, sequence, /*observer=*/nullptr));
    if (!explains_items)
      for (RecommendedItem& item : list->items) item.explain.reset();
    return Status::ok();
  };
  TAMIS_RETURN_IF_ERROR(list_of(compared.a, "a", &answer.a));
  TAMIS_RETURN_IF_ERROR(list_of(compared.b, "b", &answer.b));
  compare_lists(&answer);
  return answer;
}

}  // namespace tamis::engine
