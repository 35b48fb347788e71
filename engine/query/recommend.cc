// recommend(): user state, eligibility, retrieval, the funnel's run, the answer, the trace that it leaves.
#include <algorithm>

#include "engine/query.h"
#include "engine/query/choose_funnel.h"
#include "engine/query/explain.h"
#include "engine/query/funnel_run.h"
#include "engine/query/recommendation_id.h"
#include "engine/query/request_checks.h"
#include "engine/query/retrieve.h"
#include "engine/query/stage_clock.h"

namespace tamis::engine {
namespace {

// Under which metrics count a funnel that came with the request: names of clients' own would be unbounded.
constexpr std::string_view kOverrideName = "override";

Filter conjunction(const Filter& a, const Filter& b) {
  if (a.is_trivial()) return b;
  if (b.is_trivial()) return a;
  return Filter{.op = Filter::Op::kAll, .children = {a, b}, .field = {}, .values = {}};
}

Status exclude_items(const ReadState& state, const RecommendRequest& request, const FunnelConfig& funnel, DenseId user,
                     Eligibility* eligibility) {
  if (request.exclude_seen.value_or(funnel.exclude_seen)) {
    TAMIS_ASSIGN_OR_RETURN(const std::vector<DenseId> seen,
                           find_seen_items(state, user, request.history, funnel.seen_types));
    for (const DenseId item : seen) eligibility->exclude(item);
  }
  for (const std::string& id : request.exclude) {
    if (const auto item = state.store->ids(EntityKind::kItem).find(id)) eligibility->exclude(*item);
  }
  return Status::ok();
}

std::vector<AskedRetriever> asked_retrievers(const FunnelConfig& funnel, const std::vector<CandidateList>& lists,
                                             const std::vector<RetrieverConfig>& fallback_configs,
                                             const std::vector<CandidateList>& fallback_lists) {
  std::vector<AskedRetriever> asked;
  for (std::size_t i = 0; i < lists.size(); ++i) asked.push_back({&funnel.retrievers[i], &lists[i]});
  for (std::size_t i = 0; i < fallback_lists.size(); ++i) {
    const bool is_asked_before = std::any_of(
        lists.begin(), lists.end(), [&](const CandidateList& list) { return list.label == fallback_lists[i].label; });
    if (!is_asked_before) asked.push_back({&fallback_configs[i], &fallback_lists[i]});
  }
  return asked;
}

}  // namespace

Result<RecommendAnswer> recommend(const ReadState& state, const RecommendRequest& request, Sequence sequence,
                                  Observer* observer) {
  TAMIS_RETURN_IF_ERROR(check_recommend_request(state, request));
  TAMIS_ASSIGN_OR_RETURN(const std::shared_ptr<const FunnelConfig> funnel, choose_funnel(state, request));
  RecommendAnswer answer;
  StageClock clock(request.override_funnel ? kOverrideName : std::string_view(funnel->name), observer,
                   request.explain ? &answer.stages : nullptr);
  const TimestampMs now_ms = request.as_of_ms.value_or(state.options->clock->now_ms());

  TAMIS_ASSIGN_OR_RETURN(const Features request_context, conform_context(request.context));
  TAMIS_ASSIGN_OR_RETURN(UserState user, load_user_state(state, request.user, request.history, now_ms));
  if (!request_context.empty()) user.context = &request_context;
  clock.end_stage("user_state", user.items.size());

  Eligibility eligibility(*state.items, *state.item_attributes, conjunction(funnel->filter, request.filter),
                          state.store->ids(EntityKind::kItem).size(), now_ms);
  TAMIS_RETURN_IF_ERROR(exclude_items(state, request, *funnel, user.user, &eligibility));
  clock.end_stage("filter", eligibility.upper_bound());

  const RetrievalContext context{state, user, eligibility, now_ms};
  TAMIS_ASSIGN_OR_RETURN(std::vector<CandidateList> lists, retrieve(context, *funnel, &clock));
  answer.recommendation_id = request.recommendation_id.empty() ? make_recommendation_id() : request.recommendation_id;
  const RunOptions options{.k = request.k, .seed = seed_of(answer.recommendation_id), .keep_steps = request.explain};
  TAMIS_ASSIGN_OR_RETURN(const FunnelRun run, run_funnel(context, *funnel, std::move(lists), options, &clock));

  std::vector<RetrieverConfig> fallback_configs;
  for (const CandidateList& list : run.fallback_lists)
    fallback_configs.push_back({.kind = list.label, .quota = 1, .weight = 1, .space = {}});
  std::vector<AskedRetriever> asked;
  if (request.explain) asked = asked_retrievers(*funnel, run.lists, fallback_configs, run.fallback_lists);
  const storage::IdTable& names = state.store->ids(EntityKind::kItem);
  answer.items.reserve(run.answer.size());
  for (const RankedItem& item : run.answer) {
    RecommendedItem& row = answer.items.emplace_back();
    row.item = names.name(item.item);
    row.rank = static_cast<std::uint32_t>(answer.items.size());
    row.score = item.score;
    row.fallback = item.fallback;
    row.propensity = item.propensity;
    if (request.with_features) {
      const auto entity = state.items->get(item.item, now_ms);
      row.features = entity == nullptr ? Features{} : entity->features;
    }
    if (request.explain) {
      TAMIS_ASSIGN_OR_RETURN(row.explain, explain_item(context, asked, item));
    }
  }
  clock.end_stage("answer", answer.items.size());

  answer.user = request.user;
  answer.funnel = funnel->name;
  answer.funnel_version = funnel->version;
  answer.generation = state.generation == nullptr ? "" : state.generation->info.id;
  answer.sequence = sequence;
  answer.known_user = user.is_known;
  answer.served_ms = now_ms;
  if (state.impression_sink != nullptr && !request.dry_run)
    state.impression_sink->on_answer({request, *funnel, answer, user.user, now_ms});
  return answer;
}

}  // namespace tamis::engine
