// recommend(): whom it is for, retrieval, the funnel's run, the answer, the trace that it leaves.
#include <algorithm>
#include <utility>

#include "common/cancellation.h"
#include "engine/experiments/take_part.h"
#include "engine/query/choose_funnel.h"
#include "engine/query/explain.h"
#include "engine/query/funnel_run.h"
#include "engine/query/page_cursor.h"
#include "engine/query/prepared_request.h"
#include "engine/query/query.h"
#include "engine/query/recommendation_id.h"
#include "engine/query/request_checks.h"
#include "engine/query/retrieve.h"
#include "engine/query/warnings.h"

namespace tamis::engine {
namespace {

// Under which metrics count a funnel that came with the request: names of clients' own would be unbounded.
constexpr std::string_view kOverrideName = "override";

Status write_items(const RetrievalContext& context, const RecommendRequest& request, const FunnelConfig& funnel,
                   const FunnelRun& run, RecommendAnswer* answer) {
  const storage::IdTable& names = context.state.store->ids(EntityKind::kItem);
  std::optional<Explainer> explainer;
  if (request.explain) explainer.emplace(context, funnel, run);
  answer->items.reserve(run.answer.size());
  for (const RankedItem& item : run.answer) {
    RecommendedItem& row = answer->items.emplace_back();
    row.item = names.name(item.item);
    row.rank = static_cast<std::uint32_t>(answer->items.size());
    row.score = item.score;
    row.fallback = item.fallback;
    row.propensity = item.propensity;
    if (request.with_features) {
      const auto entity = context.state.items->get(item.item, context.now_ms);
      row.features = entity == nullptr ? Features{} : entity->features;
    }
    if (explainer) {
      TAMIS_RETURN_IF_ERROR(check_cancelled());
      TAMIS_ASSIGN_OR_RETURN(row.explain, explainer->explain(item.item));
    }
  }
  return Status::ok();
}

// Empty at the end of the list: a page that could not be filled, or more than a cursor holds.
std::string next_cursor(const RecommendRequest& request, const FunnelRun& run, std::vector<DenseId> served) {
  for (const RankedItem& item : run.answer) served.push_back(item.item);
  if (!request.with_cursor || run.answer.size() < request.k || served.size() > kMaxPagedItems) return {};
  return encode_page_cursor(std::move(served));
}

}  // namespace

Result<RecommendAnswer> recommend(const ReadState& state, const RecommendRequest& request, Sequence sequence,
                                  Observer* observer, std::uint32_t least_logged) {
  TAMIS_RETURN_IF_ERROR(check_recommend_request(state, request));
  TAMIS_ASSIGN_OR_RETURN(std::shared_ptr<const FunnelConfig> written, choose_funnel(state, request));
  RecommendAnswer answer;
  answer.arms = take_part(state, request, &written);
  const std::shared_ptr<const FunnelConfig> funnel = switch_rotation(written, request);
  StageClock clock(request.override_funnel ? kOverrideName : std::string_view(funnel->name), observer,
                   request.explain ? &answer.stages : nullptr);
  PreparedRequest prepared(state, request, *funnel);
  TAMIS_RETURN_IF_ERROR(prepared.prepare(&clock));
  answer.recommendation_id = request.recommendation_id.empty() ? make_recommendation_id() : request.recommendation_id;

  const RetrievalContext context = prepared.context();
  TAMIS_ASSIGN_OR_RETURN(std::vector<CandidateList> lists, retrieve(context, *funnel, &clock));
  const RunOptions options = prepared.run_options(answer.recommendation_id);
  TAMIS_ASSIGN_OR_RETURN(const FunnelRun run, run_funnel(context, *funnel, std::move(lists), options, &clock));
  TAMIS_RETURN_IF_ERROR(write_items(context, request, *funnel, run, &answer));
  answer.cursor = next_cursor(request, run, prepared.served_before());
  clock.end_stage("answer", answer.items.size());

  if (observer != nullptr) {
    const auto fallback_items = std::count_if(answer.items.begin(), answer.items.end(),
                                              [](const RecommendedItem& item) { return item.fallback; });
    observer->on_answer(request.override_funnel ? kOverrideName : std::string_view(funnel->name), answer.items.size(),
                        static_cast<std::uint64_t>(fallback_items));
  }

  answer.user = request.user;
  answer.funnel = funnel->name;
  answer.funnel_version = funnel->version;
  answer.generation = state.generation == nullptr ? "" : state.generation->info.id;
  answer.sequence = sequence;
  answer.known_user = prepared.person().is_known;
  answer.served_ms = prepared.now_ms();
  answer.is_exact = run.is_exact();
  if (request.explain) answer.warnings = request_warnings(state, request, *written);
  if (state.impression_sink != nullptr && !request.dry_run && answer.items.size() >= least_logged)
    state.impression_sink->on_answer({request, *funnel, answer, prepared.person().user, prepared.now_ms(),
                                      wants_rotation(*written, request) != wants_rotation(*written, {})});
  return answer;
}

}  // namespace tamis::engine
