#include "engine/query/new_items.h"

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "common/feature_time.h"

namespace tamis::engine {
namespace {

constexpr double kMsPerSecond = 1'000;

const ExploreRuleConfig* explore_rule(const FunnelConfig& funnel) {
  for (const RuleConfig& rule : funnel.rules) {
    if (const auto* explore = std::get_if<ExploreRuleConfig>(&rule)) return explore;
  }
  return nullptr;
}

// The items whose field may tell a time of the last `age_ms`, in each of the units that a number may count in.
Filter recent(const std::string& field, TimestampMs now_ms, double age_ms) {
  const auto between = [&](double low, double high) {
    const auto bound = [&](Filter::Op op, double value) {
      return Filter{.op = op, .children = {}, .field = field, .values = {FeatureValue(value)}};
    };
    return Filter{.op = Filter::Op::kAll,
                  .children = {bound(Filter::Op::kGreaterEqual, low), bound(Filter::Op::kLessEqual, high)},
                  .field = {},
                  .values = {}};
  };
  const auto now = static_cast<double>(now_ms);
  return Filter{.op = Filter::Op::kAny,
                .children = {between(now - age_ms, now), between((now - age_ms) / kMsPerSecond, now / kMsPerSecond)},
                .field = {},
                .values = {}};
}

// By a field that `latest` does not go by.
void find_by_field(const RetrievalContext& context, const ExploreRuleConfig& explore, CandidateList* out) {
  const double age_ms = explore.most_age_s * kMsPerSecond;
  for (const DenseId item :
       context.state.item_attributes->evaluate(recent(explore.age_field, context.now_ms, age_ms))) {
    if (!context.is_eligible(item)) continue;
    const auto entity = context.state.items->get(item, context.now_ms);
    const auto time_ms = entity == nullptr ? std::nullopt : find_time(entity->features, explore.age_field);
    if (time_ms && *time_ms <= context.now_ms) out->candidates.push_back({item, static_cast<float>(*time_ms)});
  }
  const std::size_t kept = std::min<std::size_t>(explore.most_pool, out->candidates.size());
  std::partial_sort(out->candidates.begin(), out->candidates.begin() + static_cast<std::ptrdiff_t>(kept),
                    out->candidates.end(), models::ranks_before);
  out->candidates.resize(kept);
}

}  // namespace

Result<CandidateList> find_new_items(const RetrievalContext& context, const FunnelConfig& funnel) {
  CandidateList list{.label = "explore", .weight = 0, .candidates = {}, .note = {}};
  const ExploreRuleConfig* explore = explore_rule(funnel);
  if (explore == nullptr || explore->share == 0) return list;
  if (!explore->age_field.empty() && explore->age_field != context.state.options->latest_field) {
    find_by_field(context, *explore, &list);
    return list;
  }
  const RetrieverConfig newest{.kind = "latest", .quota = explore->most_pool, .weight = 1, .space = {}};
  TAMIS_RETURN_IF_ERROR(find_retriever(newest.kind)->retrieve(context, newest, &list));
  return list;
}

void append_new_items(const CandidateList& items, MergedCandidates* merged) {
  std::unordered_set<DenseId> known;
  for (const MergedCandidates::Entry& entry : merged->entries) known.insert(entry.item);
  double score = merged->entries.empty() ? 1.0 : merged->entries.back().score;
  for (const models::ScoredId& candidate : items.candidates) {
    if (!known.insert(candidate.id).second) continue;
    score /= 2;
    merged->entries.push_back({.item = candidate.id,
                               .score = score,
                               .first_source = static_cast<std::uint32_t>(merged->sources.size()),
                               .source_count = 0});
  }
}

}  // namespace tamis::engine
